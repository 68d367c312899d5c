"""The port `Walks` over SQLite."""

import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from infra.sqlite.beside import Beside
from infra.sqlite.connections import writing

LASTS_S: Final = 2 * 86_400
"""How long a list is kept after its last use."""
_USED_EVERY_S: Final = 3_600

_KEEP: Final = "INSERT OR IGNORE INTO walks VALUES (?, ?, ?, ?)"
_KEPT: Final = "SELECT items, used_at FROM walks WHERE walk = ? AND number = ?"
_USE: Final = "UPDATE walks SET used_at = ? WHERE walk = ?"
_END: Final = "DELETE FROM walks WHERE used_at < ?"


class SqliteWalks:
    """Lists of which the order is kept while someone walks through them."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        columns = "walk TEXT, number INTEGER, items TEXT NOT NULL, used_at INTEGER NOT NULL"
        self._file = Beside(path, f"walks ({columns}, PRIMARY KEY (walk, number)) STRICT, WITHOUT ROWID")
        self._clock = clock

    async def keep(self, walk: str, number: int, items: Sequence[str]) -> Sequence[str]:
        """Keep a chunk, and give what is kept: of several who bring the same chunk, the first one counts."""
        at, text = int(self._clock()), "\n".join(items)

        def write(connection: sqlite3.Connection) -> str:
            known = connection.execute(_KEPT, (walk, number)).fetchone()
            if known is None:
                with writing(connection):
                    connection.execute(_END, (at - LASTS_S,))
                    connection.execute(_KEEP, (walk, number, text, at))
                known = connection.execute(_KEPT, (walk, number)).fetchone()
            return str(known[0])

        return _items(await self._file.run(write))

    async def kept(self, walk: str, number: int) -> Sequence[str] | None:
        """A chunk; None where it was never kept, or was long ago."""
        at = int(self._clock())

        def read(connection: sqlite3.Connection) -> str | None:
            known = connection.execute(_KEPT, (walk, number)).fetchone()
            if known is None or known[1] < at - LASTS_S:
                return None
            if known[1] < at - _USED_EVERY_S:
                connection.execute(_USE, (at, walk))
            return str(known[0])

        found = await self._file.run(read)
        return None if found is None else _items(found)

    async def close(self) -> None:
        """Let the file go."""
        await self._file.close()


def _items(text: str) -> list[str]:
    return text.split("\n") if text else []
