"""A small file beside the read models, for what no event tells: one connection, one thread, durable like they are."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from infra.sqlite.connections import BUSY_S, writing
from projections.grounds import doubted

T = TypeVar("T")


class Beside:
    """The file, made where it is missing; several processes may have it open."""

    def __init__(self, path: Path, table: str) -> None:
        self._path = path
        self._table = table
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=path.stem)
        self._connection: sqlite3.Connection | None = None

    async def run(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Run a function on the connection, in its turn."""
        doubted()
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: function(self._open()))

    async def close(self) -> None:
        """Let the file go."""
        await asyncio.to_thread(self._thread.shutdown)
        if self._connection is not None:
            self._connection.close()

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self._path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            with writing(connection):
                connection.execute(f"CREATE TABLE IF NOT EXISTS {self._table}")
            self._connection = connection
        return self._connection
