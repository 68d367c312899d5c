"""Finished answers, given again for as long as all stands that they rest on.

Nothing is dropped here by whoever changes something: an answer is looked at when it is asked for, and its grounds tell
by the stores themselves whether the very same would be made now. So what restricts acts at once on these as well.
"""

from collections.abc import Hashable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from api.ports import Now
from projections.grounds import Grounds

LIFE: Final = timedelta(minutes=5)
"""An answer is made anew at least so often: its cursor has to last, and what it refers to has to be let go."""
MOST: Final = 2_000


class Made(NamedTuple):
    """An answer but for how fresh it is: its parts, their length together, its tag, and until when they are right."""

    parts: Sequence[bytes]
    length: int
    tag: str
    until: datetime | None = None


class _Kept(NamedTuple):
    made: Made
    grounds: Grounds
    ends: datetime


class Standing:
    """As many answers as are kept, by what was asked; those that were not asked for lately are let go."""

    def __init__(self, now: Now, *, most: int = MOST) -> None:
        self._now = now
        self._half = max(1, most // 2)
        self._young: dict[Hashable, _Kept] = {}
        self._old: dict[Hashable, _Kept] = {}

    def get(self, key: Hashable) -> Made | None:
        """The answer, if making it now would give the same."""
        kept = self._young.get(key)
        if kept is None:
            kept = self._old.pop(key, None)
            if kept is None:
                return None
            self._put(key, kept)
        if self._now() < kept.ends and kept.grounds.stand():
            return kept.made
        self._young.pop(key, None)
        return None

    def keep(self, key: Hashable, made: Made, grounds: Grounds) -> None:
        """Keep an answer, where it can be told whether it stands."""
        if grounds.firm:
            ends = self._now() + LIFE
            self._put(key, _Kept(made, grounds, ends if made.until is None else min(ends, made.until)))

    def _put(self, key: Hashable, kept: _Kept) -> None:
        if len(self._young) >= self._half:
            self._young, self._old = {}, self._young
        self._young[key] = kept
