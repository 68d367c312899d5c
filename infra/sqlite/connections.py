"""How SQLite files are opened: write-ahead log, durable against a killed process, and never created by accident."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

BUSY_S: Final = 30.0
"""How long a writer waits for another process before it gives up."""


def create(path: Path, script: list[str]) -> None:
    """Make a new file with these tables; what an interrupted attempt left under that name is replaced."""
    for leftover in files_of(path):
        leftover.unlink(missing_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        with writing(connection):
            for statement in script:
                connection.execute(statement)
    finally:
        connection.close()


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open a file that exists (`sqlite3.OperationalError` otherwise); its caller sees to it that threads take turns."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA cache_size = -16000")
    connection.execute("PRAGMA temp_store = MEMORY")
    if read_only:
        connection.execute("PRAGMA query_only = 1")
    return connection


def plan(asked: sqlite3.Connection | sqlite3.Cursor, statement: str, values: Sequence[Any]) -> list[str]:
    """How SQLite goes about a statement, step by step."""
    return [row[-1] for row in asked.execute(f"EXPLAIN QUERY PLAN {statement}", values)]


def files_of(path: Path) -> tuple[Path, ...]:
    """A database file and what SQLite keeps beside it."""
    return path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction that has the write lock from its start, committed at the end or undone by an exception."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextmanager
def reading(connection: sqlite3.Connection) -> Iterator[None]:
    """One state of the file for several statements."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
