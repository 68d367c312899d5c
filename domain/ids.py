"""Time-ordered ids that route themselves: 41 bits of milliseconds, 10 bits of slot, 12 random bits.

An id is printed as 13 characters of Crockford's base 32 (https://www.crockford.com/base32.html) in lower case, so that
text order is time order. The slot says in which log the id's own stream lies, so no look-up is ever needed to find it.
"""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from domain.errors import NotFound

MemberId: TypeAlias = str
PhotoId: TypeAlias = str
UploadId: TypeAlias = str
CommentId: TypeAlias = str
SessionId: TypeAlias = str
AlbumId: TypeAlias = str
ShareId: TypeAlias = str
ReportId: TypeAlias = str

EPOCH: Final = datetime(2024, 1, 1, tzinfo=UTC)
SLOTS: Final = 1024
LENGTH: Final = 13

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES: Final = {letter: value for value, letter in enumerate(_ALPHABET)}
_SLOT_BITS: Final = 10
_RANDOM_BITS: Final = 12
_TIME_BITS: Final = 41
_STEP: Final = 8
_MILLISECOND: Final = timedelta(milliseconds=1)


class _Walk:
    """Random bits that go round by small random steps.

    Drawn independently, two of fifty ids of one millisecond and slot are equal in every fourth batch. Here at least 512
    of one process differ, and processes that were forked from one go apart.
    """

    def __init__(self) -> None:
        self._last = secrets.randbelow(1 << _RANDOM_BITS)

    def __call__(self, below: int) -> int:
        self._last = (self._last + 1 + secrets.randbelow(_STEP)) % below
        return self._last


_walk: Final = _Walk()


def new_id(slot: int, at: datetime, draw: Callable[[int], int] = _walk) -> str:
    """A fresh id for a stream in `slot` (0–1023), created `at`; a rare collision shows as a version conflict."""
    milliseconds = (at - EPOCH) // _MILLISECOND
    if not 0 <= milliseconds < 1 << _TIME_BITS:
        raise ValueError(f"{at} lies outside the years that an id can hold")
    if not 0 <= slot < SLOTS:
        raise ValueError(f"slot {slot} is not one of {SLOTS}")
    return _text(milliseconds << _SLOT_BITS + _RANDOM_BITS | slot << _RANDOM_BITS | draw(1 << _RANDOM_BITS))


def first_id(at: datetime) -> str:
    """The smallest id of that millisecond: a bound for ranges by time (clamped to the years that an id can hold)."""
    milliseconds = min(max((at - EPOCH) // _MILLISECOND, 0), (1 << _TIME_BITS) - 1)
    return _text(milliseconds << _SLOT_BITS + _RANDOM_BITS)


def next_id(identifier: str) -> str:
    """The id right behind another: a bound for ranges that are to take that one in."""
    return _text(_number(identifier) + 1)


def is_id(text: str) -> bool:
    """Whether the text has the form of an id."""
    return len(text) == LENGTH and text[0] in "01234567" and all(letter in _VALUES for letter in text)


def slot_of(identifier: str) -> int:
    """The slot that an id carries; `NotFound` where the text is no id at all."""
    return _number(identifier) >> _RANDOM_BITS & SLOTS - 1


def time_of(identifier: str) -> datetime:
    """When an id was made, to the millisecond, in UTC."""
    return EPOCH + _MILLISECOND * (_number(identifier) >> _SLOT_BITS + _RANDOM_BITS)


def _text(number: int) -> str:
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(60, -5, -5))


def _number(identifier: str) -> int:
    if not is_id(identifier):
        raise NotFound("not_found", "There is nothing under that id.")
    number = 0
    for letter in identifier:
        number = number << 5 | _VALUES[letter]
    return number
