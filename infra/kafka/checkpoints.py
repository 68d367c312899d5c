"""The port `RelayCheckpoints`: a table in a database of the event store, for whoever goes through its logs."""

# ruff: noqa: S608 the tables in these statements are named here, never by a caller

import asyncio
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import psycopg

RELAYED: Final = "relay_checkpoints"
EXPOSED: Final = "exposing_checkpoints"
MOVED: Final = "moving_checkpoints"
_TABLE: Final = "CREATE TABLE IF NOT EXISTS {} (log INTEGER PRIMARY KEY, number BIGINT NOT NULL)"
_BUSY_S: Final = 5.0


class SqliteRelayCheckpoints:
    """Checkpoints in the event store's file."""

    def __init__(self, path: Path, table: str = RELAYED) -> None:
        self._path = path
        self._table = table

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
            return dict(connection.execute(f"SELECT log, number FROM {self._table}"))

    def _store(self, numbers: Mapping[int, int]) -> None:
        with closing(self._connect()) as connection, connection:
            connection.executemany(f"REPLACE INTO {self._table} (log, number) VALUES (?, ?)", numbers.items())

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_BUSY_S)
        connection.execute(_TABLE.format(self._table))
        return connection


class PostgresRelayCheckpoints:
    """Checkpoints in one of the event store's databases, over a connection that is made anew when it broke."""

    def __init__(self, dsn: str, table: str = RELAYED) -> None:
        self._dsn = dsn
        self._table = table
        self._connection: Any = None

    async def load(self) -> Mapping[int, int]:
        """The last published number of each log that has one."""
        connection = await self._connected()
        cursor = await connection.execute(f"SELECT log, number FROM {self._table}")
        return dict(await cursor.fetchall())

    async def store(self, numbers: Mapping[int, int]) -> None:
        """Remember these numbers, in one statement."""
        connection = await self._connected()
        await connection.execute(
            f"INSERT INTO {self._table} SELECT * FROM unnest(%s::integer[], %s::bigint[])"
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
            await self._connection.execute("SELECT pg_advisory_lock(hashtext(%s))", (self._table,))
            await self._connection.execute(_TABLE.format(self._table))
            await self._connection.execute("SELECT pg_advisory_unlock(hashtext(%s))", (self._table,))
        return self._connection
