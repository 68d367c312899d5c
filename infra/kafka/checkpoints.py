"""The port `RelayCheckpoints`: a table in the database that holds the relayed logs."""

import asyncio
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import psycopg

_TABLE: Final = "CREATE TABLE IF NOT EXISTS relay_checkpoints (log INTEGER PRIMARY KEY, number BIGINT NOT NULL)"
_BUSY_S: Final = 5.0


class SqliteRelayCheckpoints:
    """Checkpoints in the event store's file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def load(self) -> Mapping[int, int]:
        """The last published number of each log that has one."""
        return await asyncio.to_thread(self._load)

    async def store(self, numbers: Mapping[int, int]) -> None:
        """Remember these numbers, in one transaction."""
        await asyncio.to_thread(self._store, numbers)

    async def close(self) -> None:
        """Nothing is held between calls."""

    def _load(self) -> Mapping[int, int]:
        with closing(self._connect()) as connection:
            return dict(connection.execute("SELECT log, number FROM relay_checkpoints"))

    def _store(self, numbers: Mapping[int, int]) -> None:
        with closing(self._connect()) as connection, connection:
            connection.executemany("REPLACE INTO relay_checkpoints (log, number) VALUES (?, ?)", numbers.items())

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_BUSY_S)
        connection.execute(_TABLE)
        return connection


class PostgresRelayCheckpoints:
    """Checkpoints in one of the event store's databases, over a connection that is made anew when it broke."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: Any = None

    async def load(self) -> Mapping[int, int]:
        """The last published number of each log that has one."""
        connection = await self._connected()
        cursor = await connection.execute("SELECT log, number FROM relay_checkpoints")
        return dict(await cursor.fetchall())

    async def store(self, numbers: Mapping[int, int]) -> None:
        """Remember these numbers, in one statement."""
        connection = await self._connected()
        await connection.execute(
            "INSERT INTO relay_checkpoints SELECT * FROM unnest(%s::integer[], %s::bigint[])"
            " ON CONFLICT (log) DO UPDATE SET number = excluded.number",
            (list(numbers), list(numbers.values())),
        )

    async def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _connected(self) -> Any:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(self._dsn, autocommit=True, connect_timeout=5)
            await self._connection.execute("SELECT pg_advisory_lock(hashtext('relay_checkpoints'))")
            await self._connection.execute(_TABLE)
            await self._connection.execute("SELECT pg_advisory_unlock(hashtext('relay_checkpoints'))")
        return self._connection
