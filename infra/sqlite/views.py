"""The port `Views` over SQLite: views gather in memory, and go into their file every few seconds."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from commands.errors import Unavailable
from domain.ids import PhotoId
from infra.sqlite.beside import Beside
from infra.sqlite.connections import writing
from infra.sqlite.pages import ANY_OF, any_of
from projections.grounds import Ground, noted, noting

EVERY_S: Final = 2.0
"""How long views may wait in memory: so much of them a killed process loses."""
MOST_KNOWN: Final = 100_000
"""Of so many photos the count is kept in memory."""
_ADD: Final = "INSERT INTO views VALUES (?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count"
_OF: Final = f"SELECT photo_id, count FROM views WHERE photo_id {ANY_OF}"  # noqa: S608 a constant


class SqliteViews:
    """How often photos were viewed; only one process counts, so what it knows of a photo stays true.

    What can't be written waits on, and the next who adds is told so by `commands.errors.Unavailable`.
    """

    def __init__(self, path: Path, *, every_s: float = EVERY_S) -> None:
        self._file = Beside(path, "views (photo_id TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID")
        self._every_s = every_s
        self._known: dict[PhotoId, int] = {}
        self._turn = 0  # counts whatever may change what is known of a photo
        self._waiting: Counter[PhotoId] = Counter()
        self._going: Counter[PhotoId] = Counter()
        self._flushing: asyncio.Task[None] | None = None

    async def add(self, photo_ids: Iterable[PhotoId]) -> None:
        """One view more of each."""
        self._turn += 1
        for photo in photo_ids:
            self._waiting[photo] += 1
            if photo in self._known:
                self._known[photo] += 1
        before = self._flushing
        if self._waiting and (before is None or before.done()):
            self._flushing = asyncio.create_task(self._later())
            if before is not None and (error := before.exception()) is not None:
                raise Unavailable(f"views can't be written: {error}") from error

    async def of(self, photo_ids: Iterable[PhotoId]) -> Mapping[PhotoId, int]:
        """The views of each photo that has any."""
        asked, known = list(photo_ids), self._known
        if not all(photo in known for photo in asked):
            with noting():  # what is looked up here stands by the counts that are known then
                await self._look(asked)
        if (grounds := noted()) is not None:
            grounds.add(self._standing(asked))
        return {photo: known[photo] for photo in asked if known[photo]}

    def _standing(self, asked: list[PhotoId]) -> Ground:
        """Whether these photos were not viewed since; looked at closely only where any was."""
        known, turn = self._known, self._turn
        counts = [known[photo] for photo in asked]

        def stands() -> bool:
            nonlocal turn
            if turn != self._turn:
                if [*map(known.get, asked)] != counts:
                    return False
                turn = self._turn
            return True

        return stands

    async def close(self) -> None:
        """Write what waits, and let the file go."""
        if self._flushing is not None:
            self._flushing.cancel()
            await asyncio.gather(self._flushing, return_exceptions=True)
        if self._waiting:
            await self._flush()
        await self._file.close()

    async def _look(self, photo_ids: list[PhotoId]) -> None:
        """Know all of these, with what is on its way into the file or waits to be."""
        wanted = any_of(photo_ids)

        def stored(connection: sqlite3.Connection) -> dict[PhotoId, int]:
            return dict(connection.execute(_OF, (wanted,)).fetchall())

        while True:
            found, going = await self._file.run(lambda connection: (stored(connection), self._going))
            if going is self._going:  # nothing has gone from memory into the file since it was read
                break
        if len(self._known) > MOST_KNOWN:
            self._turn += 1
            self._known.clear()
        for photo in photo_ids:
            self._known[photo] = found.get(photo, 0) + going[photo] + self._waiting[photo]

    async def _later(self) -> None:
        await asyncio.sleep(self._every_s)
        await self._flush()

    async def _flush(self) -> None:
        self._going, self._waiting = self._waiting, Counter()
        try:
            await self._file.run(self._write)
        except sqlite3.Error:
            self._waiting += self._going
            self._going = Counter()
            raise

    def _write(self, connection: sqlite3.Connection) -> None:
        with writing(connection):
            connection.executemany(_ADD, self._going.items())
        self._going = Counter()
