"""What this process changes in a build, told to its caches just before it is committed.

Every commit that changes rows counts the file's `user_version` up by one, whichever process makes it. So a cache that
finds a number which was noted here knows what to forget; for one that was not (another process wrote), it forgets all.
"""

import sqlite3
from collections import deque
from collections.abc import Collection, Mapping
from typing import Final, NamedTuple, TypeAlias

from projections.rows import Key

KEPT: Final = 1024
"""Notes that wait for a cache; the oldest are lost first, which costs a cache its content and nothing else."""
_RANGE: Final = 1 << 31

Changed: TypeAlias = Mapping[type, Collection[Key]]


class Note(NamedTuple):
    """The number of a commit, and the keys of what it changes; None where that is not known."""

    number: int
    changed: Changed | None


class Journal:
    """The commits of one build; writing threads note, and one event loop takes."""

    def __init__(self) -> None:
        self.watched = False
        """Whether anybody takes what is noted."""
        self._notes: deque[Note] = deque(maxlen=KEPT)

    def number(self, connection: sqlite3.Connection, changed: Changed) -> int:
        """Give the running transaction its number, and note it; who sees it committed finds it noted."""
        (last,) = connection.execute("PRAGMA user_version").fetchone()
        number = following(last)
        connection.execute(f"PRAGMA user_version = {number}")
        self.note(number, changed)
        return number

    def note(self, number: int, changed: Changed | None) -> None:
        """What the commit with that number changes; None, said afterwards, that it failed and another may take it."""
        if self.watched:
            self._notes.append(Note(number, changed))

    def take(self) -> list[Note]:
        """What was noted since the last time."""
        taken = []
        while self._notes:
            taken.append(self._notes.popleft())
        return taken


def following(number: int, steps: int = 1) -> int:
    """The number so many commits later; they go round."""
    return (number + steps) % _RANGE


def distance(start: int, end: int) -> int:
    """How many commits lie between."""
    return (end - start) % _RANGE
