"""The event store's records in one PostgreSQL database: a table for each log, through the library's recorder.

A group of appends is one transaction of three round trips, however many logs it writes: locks and how the logs stand,
one insert for each log, commit. Which tables a database has says which logs lie in it: a log that has moved away is
gone from here for every process at once, also for one that hasn't heard of it.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from eventsourcing.persistence import InterfaceError, OperationalError, PersistenceError, StoredEvent
from psycopg import Connection, Error, RawCursor
from psycopg.errors import UndefinedTable
from psycopg.pq import Format
from psycopg.rows import tuple_row

from infra.eventstore.postgres_arrays import Blobs, Numbers, Texts
from infra.eventstore.postgres_database import Database
from infra.eventstore.postgres_recorder import AWAIT_LOGS, LOCK_LOGS, LogRecorder
from infra.eventstore.records import Moved, Place, Standing
from infra.slow import Slow
from streams.ports import Stored

READS: Final = 2
"""So often a read is tried: the first may have found out that the server was restarted."""

_Result = TypeVar("_Result")


class PostgresWriting:
    """A transaction, in pipeline mode, that holds the locks of its logs."""

    def __init__(self, connection: Connection[Any], recorder: Callable[[int], LogRecorder]) -> None:
        self._connection = connection
        self._recorder = recorder

    def standing(self, places: Mapping[int, Iterable[Place]]) -> Mapping[int, Standing]:
        """How the logs stand, each with the places asked for."""
        asked = {log: self._asked(log, list(each)) for log, each in places.items()}
        return {log: _standing(cursor) for log, cursor in asked.items()}

    def insert(self, rows: Mapping[int, Sequence[StoredEvent]]) -> Mapping[int, Sequence[int]]:
        """Append to the logs; the numbers given."""
        inserted: dict[int, RawCursor[tuple[int]]] = {}
        for log, stored in rows.items():
            if stored:
                cursor = inserted[log] = _cursor(self._connection)
                self._recorder(log).insert(cursor, stored)
        numbers = {log: [number for (number,) in cursor.fetchall()] for log, cursor in inserted.items()}
        return {log: numbers.get(log, ()) for log in rows}

    def _asked(self, log: int, places: Sequence[Place]) -> RawCursor[tuple[Any, ...]]:
        streams, versions = zip(*places, strict=True) if places else ((), ())
        return _asked(self._connection, self._recorder(log).standing_statement, Texts(streams), Numbers(versions))


class PostgresRecords:
    """The logs that lie in one database."""

    def __init__(self, database: Database, slow: Slow = Slow()) -> None:  # noqa: B008 - frozen
        self._database = database
        self._slow = slow
        self._recorders: dict[int, LogRecorder] = {}

    @property
    def address(self) -> str:
        """Where the database is."""
        return self._database.address

    def recorder(self, log: int) -> LogRecorder:
        """The library's recorder of a log."""
        return self._recorders.get(log) or self._recorders.setdefault(log, LogRecorder(self._database, log))

    @contextmanager
    def writing(self, logs: Iterable[int]) -> Iterator[PostgresWriting]:
        """Take the locks of the logs; commit at the end of the block, or write nothing."""
        with _told(), self._database.get_connection() as connection, connection.pipeline():
            _asked(connection, "BEGIN")
            _asked(connection, LOCK_LOGS, Numbers(sorted(logs)))
            yield PostgresWriting(connection, self.recorder)
            _asked(connection, "COMMIT")

    def head(self, log: int) -> int:
        """The number of the last committed fact of a log, 0 where there is none."""
        statement = self.recorder(log).max_notification_id_statement.as_string()
        ((number,),) = self._reading(lambda connection: _asked(connection, statement).fetchall())
        return number or 0

    def page(self, log: int, after: int, limit: int) -> list[Stored]:
        """Committed facts of a log after a number, in order."""
        statement = self.recorder(log).page_statement
        rows = self._reading(
            self._watched(
                lambda connection: _asked(connection, statement, after, limit).fetchall(), statement, after, limit
            )
        )
        return [Stored(log, *row) for row in rows]

    def streams(self, names: Mapping[int, Iterable[str]]) -> list[Stored]:
        """All committed facts of the named streams of each log, in order within a stream."""
        asked = {log: Texts(each) for log, each in names.items()}

        def read(connection: Connection[Any]) -> list[Stored]:
            with connection.pipeline():
                found = [
                    (log, _asked(connection, self.recorder(log).streams_statement, each)) for log, each in asked.items()
                ]
                return [Stored(log, *row) for log, cursor in found for row in cursor.fetchall()]

        if not asked:
            return []
        log, first = next(iter(asked.items()))
        return self._reading(self._watched(read, self.recorder(log).streams_statement, first))

    def exchange(self, log: int, states: Sequence[tuple[int, bytes]]) -> int:
        """Put other payloads under these numbers."""
        numbers, payloads = Numbers(number for number, _ in states), Blobs(state for _, state in states)
        statement = self.recorder(log).exchange_statement
        return int(self._reading(lambda connection: _asked(connection, statement, numbers, payloads).rowcount))

    def settle(self, logs: Iterable[int]) -> None:
        """Wait until all transactions have ended that hold the lock of one of these logs."""
        numbers = Numbers(sorted(logs))
        self._reading(lambda connection: _asked(connection, AWAIT_LOGS, numbers).fetchall())

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def _watched(
        self, read: Callable[[Connection[Any]], _Result], statement: str, *values: object
    ) -> Callable[[Connection[Any]], _Result]:
        """The read; where it is slow, its statement, the first of several alike, is logged with its plan."""

        def watched(connection: Connection[Any]) -> _Result:
            began = time.perf_counter()
            result = read(connection)
            took = time.perf_counter() - began
            self._slow.note(self.address, statement, took, lambda: _plan(connection, statement, values))
            return result

        return watched

    def _reading(self, read: Callable[[Connection[Any]], _Result]) -> _Result:
        for left in range(READS - 1, -1, -1):
            try:
                with _told(), self._database.get_connection() as connection:
                    return read(connection)
            except (InterfaceError, OperationalError):
                if not left:
                    raise
        raise AssertionError("unreachable")


def _cursor(connection: Connection[Any]) -> RawCursor[Any]:
    cursor: RawCursor[Any] = RawCursor(connection, row_factory=tuple_row)
    cursor.format = Format.BINARY
    return cursor


def _asked(connection: Connection[Any], statement: str, *values: object) -> RawCursor[Any]:
    cursor = _cursor(connection)
    cursor.execute(statement, values, prepare=True)
    return cursor


def _plan(connection: Connection[Any], statement: str, values: Sequence[object]) -> list[str]:
    """How PostgreSQL goes about a statement; where it can't say, why: a read that has succeeded fails for no plan."""
    try:
        return [line for (line,) in _asked(connection, f"EXPLAIN {statement}", *values).fetchall()]
    except Error as error:
        return [f"no plan: {error}"]


def _standing(cursor: RawCursor[Any]) -> Standing:
    last: bytes | None = None
    taken: set[Place] = set()
    for stream, version, state in cursor.fetchall():
        if stream is None:
            last = state
        else:
            taken.add((stream, version))
    return Standing(last, taken)


@contextmanager
def _told() -> Iterator[None]:
    """A table that isn't there is a log that lies elsewhere."""
    try:
        yield
    except PersistenceError as error:
        if isinstance(error.__cause__, UndefinedTable):
            raise Moved(str(error)) from error
        raise
