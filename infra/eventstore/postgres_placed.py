"""The records of all logs, wherever they lie: each call goes to the log's database, and follows it when it has moved."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import Final, Protocol, TypeVar

from eventsourcing.persistence import OperationalError, PersistenceError

from infra.eventstore.placement import Placed
from infra.eventstore.postgres import PostgresRecords, PostgresWriting
from infra.eventstore.records import Moved
from streams.ports import Stored

MOVE_SECONDS: Final = 5.0
"""A log that is between two databases for so long is unavailable: its move was broken off and has to be resumed."""

LOOK_SECONDS: Final = 0.02
TURNS: Final = 3
REPLICA_REST_SECONDS: Final = 5.0
"""A replica that failed is left alone for so long."""

_Result = TypeVar("_Result")


class Databases(Protocol):
    """Who knows where logs lie, and how to get there."""

    def placements(self) -> Mapping[int, Placed]:
        """Where every log lies now, as the catalogue says."""
        ...

    def open(self, number: int) -> PostgresRecords:
        """The records of a database; the same ones each time."""
        ...

    def close(self) -> None:
        """Let go of all of them."""
        ...


class Replicas:
    """Read replicas of one database in turn, for what they surely have in full.

    A full page from a replica is what the primary would give, because a log only grows at its end. A short one may be
    short because the replica lags: the primary is asked, and then for everything from there on.
    """

    def __init__(self, replicas: Iterable[PostgresRecords], clock: Callable[[], float] = time.monotonic) -> None:
        self._replicas = tuple(replicas)
        self._turn = count()
        self._clock = clock
        self._rested = dict.fromkeys(range(len(self._replicas)), float("-inf"))
        self._ends: dict[int, int] = {}

    def page(self, primary: PostgresRecords, log: int, after: int, limit: int) -> list[Stored]:
        """Facts after a number, from a replica if one has that many."""
        if self._replicas and after < self._ends.get(log, after + 1):
            rows = self._asked(next(self._turn) % len(self._replicas), log, after, limit)
            if len(rows) == limit:
                return rows
        rows = primary.page(log, after, limit)
        if len(rows) < limit:
            self._ends[log] = rows[-1].number if rows else after
        return rows

    def close(self) -> None:
        """Let go of the replicas."""
        for replica in self._replicas:
            replica.close()

    def _asked(self, chosen: int, log: int, after: int, limit: int) -> list[Stored]:
        if self._clock() < self._rested[chosen]:
            return []
        try:
            return self._replicas[chosen].page(log, after, limit)
        except PersistenceError:
            self._rested[chosen] = self._clock() + REPLICA_REST_SECONDS
            return []


class PlacedRecords:
    """`infra.eventstore.records.Records` over several databases."""

    def __init__(self, databases: Databases, replicas: Mapping[int, Replicas], *, lanes: int = 1) -> None:
        self._databases = databases
        self._replicas = replicas
        self._lanes = lanes
        self._placed = databases.placements()
        self._gate = threading.Lock()

    def lane(self, log: int) -> int:
        """A lane, or a few, for each database."""
        return self._placed[log].database * self._lanes + log % self._lanes

    @contextmanager
    def writing(self, logs: Iterable[int]) -> Iterator[PostgresWriting]:
        """Take the locks of the logs; commit at the end of the block, or write nothing."""
        placed = [self._placed[log] for log in logs]
        if len({each.database for each in placed}) > 1:
            raise Moved("the logs lie in different databases by now")
        try:
            with self._databases.open(placed[0].database).writing(each.log for each in placed) as writing:
                yield writing
        except Moved:
            self._look(placed)
            raise

    def head(self, log: int) -> int:
        """The number of the last committed fact of a log, 0 where there is none."""
        return self._following(log, lambda records: records.head(log))

    def page(self, log: int, after: int, limit: int) -> list[Stored]:
        """Committed facts of a log after a number, in order; from a replica where one has them."""

        def read(records: PostgresRecords) -> list[Stored]:
            replicas = self._replicas.get(self._placed[log].database)
            return replicas.page(records, log, after, limit) if replicas else records.page(log, after, limit)

        return self._following(log, read)

    def streams(self, names: Mapping[int, Iterable[str]]) -> list[Stored]:
        """All committed facts of the named streams of each log, in order within a stream."""
        asked = {log: list(each) for log, each in names.items()}
        by_database: dict[int, dict[int, list[str]]] = {}
        for log, each in asked.items():
            by_database.setdefault(self._placed[log].database, {})[log] = each
        found: list[Stored] = []
        for database, part in by_database.items():
            try:
                found += self._databases.open(database).streams(part)
            except Moved:
                for log, each in part.items():
                    found += self._following(log, partial(PostgresRecords.streams, names={log: each}))
        return found

    def exchange(self, log: int, states: Sequence[tuple[int, bytes]]) -> int:
        """Put other payloads under these numbers."""
        return self._following(log, lambda records: records.exchange(log, states))

    def settle(self) -> None:
        """Wait for whoever holds the lock of a log, in every database."""
        by_database: dict[int, list[int]] = {}
        for log, placed in self._databases.placements().items():
            by_database.setdefault(placed.database, []).append(log)
        for database, logs in by_database.items():
            self._databases.open(database).settle(logs)

    def close(self) -> None:
        """Let go of all databases."""
        for each in self._replicas.values():
            each.close()
        self._databases.close()

    def _following(self, log: int, call: Callable[[PostgresRecords], _Result]) -> _Result:
        """Call where the log lies, once more for each time that it moves away meanwhile."""
        for _ in range(TURNS):
            placed = self._placed[log]
            try:
                return call(self._databases.open(placed.database))
            except Moved:
                self._look([placed])
        raise OperationalError(f"log {log} doesn't rest")

    def _look(self, known: Iterable[Placed]) -> None:
        """Wait until the catalogue says something new of one of the logs; there is nothing to do before."""
        deadline = time.monotonic() + MOVE_SECONDS
        while True:
            with self._gate:
                fresh = self._placed = self._databases.placements()
            if any(fresh[each.log].generation != each.generation for each in known):
                return
            if time.monotonic() > deadline:
                logs = ", ".join(str(each.log) for each in known)
                raise OperationalError(f"log {logs} lies in no database: resume its move with 'filmroll logs move'")
            time.sleep(LOOK_SECONDS)
