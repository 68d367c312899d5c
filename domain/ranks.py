"""Ranks: texts whose order is the order of a list, so that a thing is put between two others by writing it alone.

The digits of a fraction in base 36. Between two different ranks there is always another
(https://observablehq.com/@dgreensp/implementing-fractional-indexing).
"""

from datetime import UTC, datetime
from typing import Final

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_WIDTH: Final = 17
_MOST: Final = 10**_WIDTH


def last(at: datetime) -> str:
    """A rank behind all that were given before `at`, whose microsecond no other of the list has."""
    return f"m{_micros(at):0{_WIDTH}}i"


def first(at: datetime) -> str:
    """A rank before all that were given before `at`."""
    return f"h{_MOST - _micros(at):0{_WIDTH}}i"


def between(low: str, high: str | None) -> str:
    """A rank above `low` and below `high` (None: below nothing); neither ends in the digit 0, nor does the answer."""
    if high is not None:
        shared = 0
        while shared < len(high) and low[shared : shared + 1].ljust(1, "0") == high[shared]:
            shared += 1
        if shared:
            return high[:shared] + between(low[shared:], high[shared:])
    below = _DIGITS.index(low[0]) if low else 0
    above = len(_DIGITS) if high is None else _DIGITS.index(high[0])
    if above - below > 1:
        return _DIGITS[(below + above) // 2]
    if high is not None and len(high) > 1:
        return high[0]
    return _DIGITS[below] + between(low[1:], None)


def _micros(at: datetime) -> int:
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
