"""The port `Leadership`: by a lock of PostgreSQL's that a session holds, or by a lock on a file."""

import asyncio
import fcntl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import psycopg
import structlog

_ASK_S: Final = 0.5
"""How often one who does not lead tries to."""
_ANSWER_S: Final = 5.0

_log = structlog.get_logger(__name__)


class PostgresLeadership:
    """An advisory lock on a connection of its own: it ends with the connection, so with the process.

    The connection must reach the server itself, or a pooler that keeps a session to one client.
    """

    def __init__(self, dsn: str, *, ask_s: float = _ASK_S) -> None:
        self._dsn = dsn
        self._ask_s = ask_s

    @asynccontextmanager
    async def lead(self, name: str) -> AsyncIterator["PostgresLease"]:
        """Wait for the leadership of that name."""
        connection = await psycopg.AsyncConnection.connect(
            self._dsn, autocommit=True, connect_timeout=5, keepalives_idle=5, keepalives_interval=2, keepalives_count=3
        )
        try:
            while not await _locked(connection, name):  # noqa: ASYNC110 - it is another process's to give up
                await asyncio.sleep(self._ask_s)
            yield PostgresLease(connection)
        finally:
            await connection.close()


class PostgresLease:
    """Leadership for as long as the connection answers."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def held(self) -> bool:
        """Whether the connection that holds the lock is there."""
        try:
            async with asyncio.timeout(_ANSWER_S):
                await self._connection.execute("SELECT 1")
        except (psycopg.Error, OSError, TimeoutError) as error:
            _log.warning("leadership can't be confirmed", error=str(error))
            return False
        return True


class FileLeadership:
    """A lock on a file in a directory that all share; the system ends it with the process."""

    def __init__(self, directory: Path, *, ask_s: float = _ASK_S) -> None:
        self._directory = directory
        self._ask_s = ask_s

    @asynccontextmanager
    async def lead(self, name: str) -> AsyncIterator["FileLease"]:
        """Wait for the leadership of that name."""
        self._directory.mkdir(parents=True, exist_ok=True)
        with (self._directory / f"{name.replace(' ', '-')}.lock").open("w") as file:
            while not _grasped(file.fileno()):  # noqa: ASYNC110 - it is another process's to give up
                await asyncio.sleep(self._ask_s)
            yield FileLease()


class FileLease:
    """Leadership for as long as the process lives."""

    async def held(self) -> bool:
        """Nobody can take it away."""
        return True


def _grasped(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _locked(connection: Any, name: str) -> bool:
    number = int.from_bytes(blake2b(f"filmroll {name}".encode(), digest_size=8).digest(), "big", signed=True)
    cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", (number,))
    (locked,) = await cursor.fetchone()
    return bool(locked)
