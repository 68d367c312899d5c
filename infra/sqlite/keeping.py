"""What this process keeps of a build's rows in memory: exactly as fresh as the file, whoever writes it.

Every look asks SQLite's change counter first (shared memory, some microseconds: no thread is needed for that). While
it stands, what is kept is what the file says; once it moved, the journal tells what to forget. What is loaded is kept
only where nothing was committed meanwhile.

One look counts for all who are served in the same turn of the event loop. They were waiting when it was made: whoever
learns of a later commit, by a request or by the end of a write, has the loop's next turn.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from infra.caching.flights import Flights
from infra.caching.hits import Hits
from infra.caching.recent import Recent
from infra.sqlite.connections import connect
from infra.sqlite.journal import KEPT, Changed, Journal, distance, following
from projections.grounds import Ground, noted, unnoted
from projections.rows import Key
from projections.stores import Model

K = TypeVar("K")
V = TypeVar("V")

_ABSENT: Final[Any] = object()
"""Kept of a key under which there is nothing."""
_UNSURE: Final = -2
"""No commit has this number: what was told was loaded, and may not have been kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Kind(Generic[K, V]):
    """A sort of answers that is kept: under which of their keys a changed row shows, None for possibly all of them."""

    name: str
    most: int
    touched: Callable[[type, Key], Iterable[K] | None]


class Held:
    """One build's answers; for one event loop."""

    def __init__(self, model: Model, path: Path, journal: Journal, hits: Hits, live: Callable[[Model], bool]) -> None:
        self.model = model
        self._live = live
        journal.watched = True
        self._journal = journal
        self._hits = hits
        self._notes: dict[int, Changed | None] = {}
        self._file: sqlite3.Connection | None = connect(path, read_only=True)
        self._seen = -1
        self._looked = False  # in this turn of the loop
        self._number = -1  # of the last commit that what is kept has taken in
        self._kept: dict[Kind[Any, Any], Recent[Any, Any]] = {}
        self._sparse: set[Kind[Any, Any]] = set()  # of which something was not there, and that is kept
        self._flights: dict[Kind[Any, Any], Flights[Any, Any]] = {}

    @property
    def closed(self) -> bool:
        """Whether nothing is kept any more."""
        return self._file is None

    def current(self) -> bool:
        """Whether the build is the live one."""
        return not self.closed and self._live(self.model)

    def close(self) -> None:
        """Keep nothing any more, and let the file go; loads that are under way still answer."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    async def some(
        self, kind: Kind[K, V], keys: Iterable[K], load: Callable[[list[K]], Awaitable[Mapping[K, V]]]
    ) -> dict[K, V]:
        """What there is under each key, as of this call or later; what is not kept is loaded, by one caller for all."""
        self._fresh()
        kept = self._kept.get(kind)
        if kept is None:
            kept = self._kept[kind] = Recent(kind.most, self._hits.of("process", kind.name))
        found, missing = kept.some(keys)
        number = _UNSURE if missing else self._number
        if missing:
            found.update(await self._load(kind, missing, load))
        if (grounds := noted()) is not None:
            grounds.of(self, lambda: self._told(number)).add(kind, found, number)
        if kind in self._sparse:
            return {key: value for key, value in found.items() if value is not _ABSENT}
        return found

    def tells(self, told: Iterable[tuple[Kind[Any, Any], list[Any], list[Any]]], number: int) -> int | None:
        """Up to which commit these values are what `some` gives for their keys, as they were at `number`; None if not."""
        if not self.current() or not self._fresh():
            return None
        if number != self._number:
            for kind, keys, values in told:
                kept = self._kept.get(kind)
                if kept is None or not kept.same(keys, values):
                    return None
        return self._number

    def _told(self, number: int) -> "tuple[_Told, Ground]":
        told = _Told(self, number)
        return told, told.stands

    async def _load(
        self, kind: Kind[K, V], missing: list[K], load: Callable[[list[K]], Awaitable[Mapping[K, V]]]
    ) -> dict[K, V]:
        async def load_and_keep(keys: list[K]) -> Mapping[K, V]:
            unnoted()
            number = self._number
            loaded = await load(keys)
            found: dict[K, V] = {key: loaded.get(key, _ABSENT) for key in keys}
            if len(loaded) < len(keys):
                self._sparse.add(kind)
            if self._fresh() and self._number == number and kind in self._kept:
                self._kept[kind].keep(found)
            return found

        flights = self._flights.get(kind)
        if flights is None:
            flights = self._flights[kind] = Flights()
        return await flights.load(missing, load_and_keep)

    def _fresh(self) -> bool:
        """Forget what was overtaken by a commit, of any process; False where nothing is kept any more."""
        if self._file is None:
            return False
        if self._looked:
            return True
        self._looked = True
        asyncio.get_running_loop().call_soon(self._turn)
        (seen,) = self._file.execute("PRAGMA data_version").fetchone()
        if seen != self._seen:
            self._seen = seen
            (number,) = self._file.execute("PRAGMA user_version").fetchone()
            self._take_in(number)
        return True

    def _turn(self) -> None:
        self._looked = False

    def _take_in(self, number: int) -> None:
        for note in self._journal.take():
            self._notes[note.number] = None if note.number in self._notes else note.changed
        if number == self._number:
            return
        steps = KEPT + 1 if self._number < 0 else distance(self._number, number)
        self._flights.clear()  # what is being read may be older than what those expect who ask from now on
        if steps > KEPT:
            self._kept.clear()
            self._notes.clear()
        else:
            for step in range(1, steps + 1):
                self._forget(self._notes.pop(following(self._number, step), None))
        self._number = number

    def _forget(self, changed: Changed | None) -> None:
        if changed is None:
            self._kept.clear()
            return
        for kind, kept in self._kept.items():
            for cls, keys in changed.items():
                for key in keys:
                    touched = kind.touched(cls, key)
                    if touched is None:
                        kept.clear()
                    else:
                        kept.drop(touched)


class _Told:
    """What one answer was told of a build, and up to which commit all of that is so."""

    __slots__ = ("_found", "_held", "_number")

    def __init__(self, held: Held, number: int) -> None:
        self._held = held
        self._number = number
        self._found: list[tuple[Kind[Any, Any], list[Any], list[Any]]] = []

    def add(self, kind: Kind[K, V], found: Mapping[K, V], number: int) -> None:
        """Note one thing more, which was so at a commit."""
        self._found.append((kind, list(found), list(found.values())))
        if number != self._number:
            self._number = _UNSURE

    def stands(self) -> bool:
        """Whether the same would be found now; after other commits, the values themselves are compared."""
        number = self._held.tells(self._found, self._number)
        if number is None:
            return False
        self._number = number
        return True
