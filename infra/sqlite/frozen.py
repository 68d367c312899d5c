"""The port `Frozen` over SQLite: a small file of its own, beside the read models, because no event makes its rows."""

import asyncio
import secrets
import sqlite3
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from domain.ids import PhotoId
from infra.sqlite.connections import connect, create, writing
from projections.ports import FROZEN_FOR

_SCHEMA: Final = [
    "CREATE TABLE frozen (name TEXT PRIMARY KEY, photos TEXT NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE INDEX frozen_until ON frozen (until)",
]
_BYTES: Final = 12


class SqliteFrozen:
    """Orders that pages go by; to be closed."""

    def __init__(self, path: Path, *, now: Callable[[], datetime]) -> None:
        if not path.exists():
            create(path, _SCHEMA)
        self._connection = connect(path)
        self._turn = threading.Lock()
        self._now = now

    def close(self) -> None:
        """Let the file go."""
        with self._turn:
            self._connection.close()

    async def keep(self, order: Sequence[PhotoId]) -> str:
        """Keep an order; the name that it is found under."""
        return await asyncio.to_thread(self._keep, " ".join(order))

    async def read(self, name: str) -> Sequence[PhotoId] | None:
        """An order; None where its time is over."""
        return await asyncio.to_thread(self._read, name)

    def _keep(self, photos: str) -> str:
        name, at = secrets.token_hex(_BYTES), self._now()
        with self._turn, writing(self._connection):
            self._connection.execute("DELETE FROM frozen WHERE until < ?", (int(at.timestamp()),))
            until = int((at + FROZEN_FOR).timestamp())
            self._connection.execute("INSERT INTO frozen VALUES (?, ?, ?)", (name, photos, until))
        return name

    def _read(self, name: str) -> list[PhotoId] | None:
        with self._turn:
            found: sqlite3.Cursor = self._connection.execute(
                "SELECT photos FROM frozen WHERE name = ? AND until >= ?", (name, int(self._now().timestamp()))
            )
            row = found.fetchone()
        return None if row is None else row[0].split()
