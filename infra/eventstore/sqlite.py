"""The event store's records in SQLite: all logs in one file, a table for each, through the library's recorder."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import orjson
from eventsourcing.persistence import PersistenceError, StoredEvent
from eventsourcing.sqlite import (
    SQLiteApplicationRecorder,
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
)

from infra.eventstore.codec import STAMPED
from infra.eventstore.records import Place, Standing
from infra.slow import Slow
from infra.sqlite.connections import plan
from streams.ports import Stored

SYNCHRONOUS: Final = ("NORMAL", "FULL", "EXTRA")
LOCK_SECONDS: Final = 5
POOL_SIZE: Final = 8


class LogRecorder(SQLiteApplicationRecorder):
    """The library's recorder of one log.

    Its `rowid` is declared, because numbers that SQLite keeps to itself may change in a VACUUM.
    """

    def __init__(self, datastore: SQLiteDatastore, events_table_name: str) -> None:
        super().__init__(datastore, events_table_name)
        table = self.events_table_name
        self.insert_events_statement = f"INSERT INTO {table} VALUES (NULL,?,?,?,?)"  # noqa: S608 - our own name
        self.last_statement = f"SELECT rowid, substr(state, 1, {STAMPED}) FROM {table} ORDER BY rowid DESC LIMIT 1"  # noqa: S608
        self.numbered_statement = f"INSERT INTO {table} VALUES (?,?,?,?,?)"  # noqa: S608
        self.page_statement = f"SELECT rowid, originator_id, originator_version, topic, state FROM {table} WHERE rowid > ? ORDER BY rowid LIMIT ?"  # noqa: S608
        self.exchange_statement = f"UPDATE {table} SET state = ? WHERE rowid = ?"  # noqa: S608
        self.taken_statement = (
            "SELECT t.originator_id, t.originator_version FROM json_each(?) AS place"  # noqa: S608
            f" CROSS JOIN {table} AS t ON t.originator_id = place.value ->> 0 AND t.originator_version = place.value ->> 1"
        )
        self.streams_statement = (
            "SELECT t.rowid, t.originator_id, t.originator_version, t.topic, t.state FROM json_each(?) AS name"  # noqa: S608
            f" CROSS JOIN {table} AS t ON t.originator_id = name.value ORDER BY t.originator_id, t.originator_version"
        )

    def construct_create_table_statements(self) -> list[str]:
        """The library's columns, and its number as a declared one."""
        columns = (
            "rowid INTEGER PRIMARY KEY",
            "originator_id TEXT NOT NULL",
            "originator_version INTEGER NOT NULL",
            "topic TEXT NOT NULL",
            "state BLOB NOT NULL",
            "UNIQUE (originator_id, originator_version)",
        )
        return [f"CREATE TABLE IF NOT EXISTS {self.events_table_name} ({', '.join(columns)})"]

    def _insert_events(self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:
        """All in one statement, numbered on from the last, which the write lock holds still."""
        c.execute(self.last_statement)
        found = c.fetchone()
        first = (found[0] if found else 0) + 1
        c.executemany(
            self.numbered_statement,
            [
                (number, each.originator_id, each.originator_version, each.topic, each.state)
                for number, each in enumerate(stored_events, first)
            ],
        )
        return range(first, first + len(stored_events))


class SqliteWriting:
    """A transaction that holds the file's write lock, and so the lock of every log."""

    def __init__(self, recorders: Sequence[LogRecorder], cursor: SQLiteCursor) -> None:
        self._recorders = recorders
        self._cursor = cursor

    def standing(self, places: Mapping[int, Iterable[Place]]) -> Mapping[int, Standing]:
        """How the logs stand, each with the places asked for."""
        return {log: self._standing(self._recorders[log], list(asked)) for log, asked in places.items()}

    def insert(self, rows: Mapping[int, Sequence[StoredEvent]]) -> Mapping[int, Sequence[int]]:
        """Append to the logs; the numbers given."""
        return {
            log: self._recorders[log]._insert_events(self._cursor, stored) or ()  # noqa: SLF001 - the library's hook
            for log, stored in rows.items()
        }

    def _standing(self, recorder: LogRecorder, asked: list[Place]) -> Standing:
        self._cursor.execute(recorder.last_statement)
        last = self._cursor.fetchone()
        self._cursor.execute(recorder.taken_statement, (orjson.dumps(asked).decode(),))
        return Standing(last[1] if last else None, {(stream, version) for stream, version in self._cursor.fetchall()})


class SqliteRecords:
    """All logs of an installation in one SQLite file (WAL), which also remembers how many they are."""

    def __init__(
        self,
        path: Path,
        logs: int,
        synchronous: str = "FULL",
        slow: Slow = Slow(),  # noqa: B008 - frozen
    ) -> None:
        self._slow = slow
        self._datastore = _Datastore(path, synchronous)
        self._recorders = [LogRecorder(self._datastore, f"log_{log:04}") for log in range(logs)]
        self._create_tables(logs)

    def lane(self, log: int) -> int:  # noqa: ARG002 - one file, one writer
        """All logs are written together."""
        return 0

    @contextmanager
    def writing(self, logs: Iterable[int]) -> Iterator[SqliteWriting]:  # noqa: ARG002 - one lock for all logs
        """Take the write lock; commit at the end of the block, or write nothing."""
        with self._transaction() as cursor:
            yield SqliteWriting(self._recorders, cursor)

    def head(self, log: int) -> int:
        """The number of the last committed fact of a log, 0 where there is none."""
        with self._reading() as query:
            rows = query(self._recorders[log].select_max_notification_id_statement, ())
        return int(rows[0][0] or 0)

    def page(self, log: int, after: int, limit: int) -> list[Stored]:
        """Committed facts of a log after a number, in order."""
        with self._reading() as query:
            return [Stored(log, *row) for row in query(self._recorders[log].page_statement, (after, limit))]

    def streams(self, names: Mapping[int, Iterable[str]]) -> list[Stored]:
        """All committed facts of the named streams of each log, in order within a stream, as of one moment."""
        with self._reading() as query:
            return [
                Stored(log, *row)
                for log, asked in names.items()
                for row in query(self._recorders[log].streams_statement, (orjson.dumps(list(asked)).decode(),))
            ]

    def exchange(self, log: int, states: Sequence[tuple[int, bytes]]) -> int:
        """Put other payloads under these numbers."""
        with self._transaction() as cursor:
            cursor.executemany(self._recorders[log].exchange_statement, [(state, number) for number, state in states])
            return len(states)

    def settle(self) -> None:
        """Take the one lock of all logs, and let it go."""
        with self._transaction():
            pass

    def close(self) -> None:
        """Let go of the file."""
        self._datastore.close()

    @contextmanager
    def _reading(self) -> Iterator[Callable[[str, tuple[object, ...]], list[tuple[Any, ...]]]]:
        with _translated(), self._datastore.transaction(commit=False) as cursor:
            plain = cursor.sqlite_cursor if isinstance(cursor, SQLiteCursor) else cursor
            plain.row_factory = None
            yield partial(self._found, plain)

    def _found(self, cursor: Any, statement: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        began = time.perf_counter()
        found: list[tuple[Any, ...]] = cursor.execute(statement, values).fetchall()
        took = time.perf_counter() - began
        self._slow.note("events", statement, took, lambda: plan(cursor, statement, values))
        return found

    @contextmanager
    def _transaction(self) -> Iterator[SQLiteCursor]:
        """The library's own begins without the write lock, and may then be refused it."""
        with _translated(), self._datastore.get_connection(commit=True) as connection:
            cursor = connection.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    def _create_tables(self, logs: int) -> None:
        with self._transaction() as cursor:
            cursor.execute("PRAGMA user_version")
            (known,) = cursor.fetchone()
            if known not in (0, logs):
                raise ValueError(f"the store was made with {known} logs, not {logs}: that holds for its life")
            for recorder in self._recorders[known:]:
                recorder._create_table(cursor)  # noqa: SLF001 - the library's hook
            cursor.execute(f"PRAGMA user_version = {logs:d}")


class _Datastore(SQLiteDatastore):
    """The library's datastore with stated durability."""

    def __init__(self, path: Path, synchronous: str) -> None:
        super().__init__(str(path), lock_timeout=LOCK_SECONDS, pool_size=POOL_SIZE, originator_id_type="text")
        self.pool = _Pool(str(path), synchronous)


class _Pool(SQLiteConnectionPool):
    def __init__(self, name: str, synchronous: str) -> None:
        if synchronous not in SYNCHRONOUS:
            raise ValueError(f"synchronous is one of {', '.join(SYNCHRONOUS)}, not {synchronous}")
        self._synchronous = synchronous
        super().__init__(db_name=name, lock_timeout=LOCK_SECONDS, pool_size=POOL_SIZE)

    def _create_connection(self) -> SQLiteConnection:
        connection = super()._create_connection()
        connection.cursor().execute(f"PRAGMA synchronous={self._synchronous}")
        return connection


@contextmanager
def _translated() -> Iterator[None]:
    """The driver's errors as the library's."""
    try:
        yield
    except sqlite3.Error as error:
        raise PersistenceError(error) from error
