"""Where a store and its PostgreSQL databases are put together."""

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import psycopg
from eventsourcing.persistence import PersistenceError

from commands.errors import Unavailable
from commands.ports import Now
from infra.eventstore import placement
from infra.eventstore.archive import Shelf
from infra.eventstore.keys import Keys
from infra.eventstore.opening import with_archive
from infra.eventstore.placement import Placed
from infra.eventstore.postgres import PostgresRecords
from infra.eventstore.postgres_database import POOL, Database, connect
from infra.eventstore.postgres_migration import PlacementError, identity, migrate, numbered, reached_at
from infra.eventstore.postgres_placed import PlacedRecords, Replicas
from infra.eventstore.store import LibraryEventStore
from infra.slow import Slow

_NUMBERED: Final = re.compile(r"[a-z]+://[^?=]*=\d+")
LANES: Final = 4
"""So many threads commit to a database, each for its share of the logs.

Measured with 16 and 64 logs in two databases, 1 and 3 processes of 64 callers: 4 threads write 1.2 to 1.9 times what one
does, 16 write less again, as their groups get small (`tests/bench/append_postgres.py`).
"""


def open_postgres_store(
    dsns: Sequence[str],
    *,
    logs: int,
    keys: Keys,
    now: Now,
    replicas: Sequence[str] = (),
    pool: int = POOL[1],
    create: bool = False,
    lanes: int = LANES,
    shelf: Shelf | None = None,
    slow: Slow = Slow(),  # noqa: B008 - frozen
) -> LibraryEventStore:
    """The store in these databases, the catalogue first; blocks for a moment.

    Replicas say themselves whose they are; on the `shelf` lies the archive, if there may be one. Only with `create` are missing tables made (`filmroll logs migrate`).
    Raises `PlacementError` where the databases are not this installation's, `UnsafeSetting` where the environment asks
    for the library's database functions, and `Unavailable` where a database can't be reached.
    """
    try:
        if create:
            migrate(dsns, logs)
        clustered = Cluster(dsns, (min(POOL[0], pool), pool), slow)
        placed = clustered.placements()
        if len(placed) != logs:
            raise PlacementError(f"the store was made with {len(placed)} logs, not {logs}: that holds for its life")
        if any(each.state == "new" for each in placed.values()):
            raise PlacementError("a migration was broken off: run 'filmroll logs migrate'")
        records = PlacedRecords(clustered, clustered.replicas(replicas), lanes=lanes)
    except (PersistenceError, psycopg.OperationalError) as error:
        raise Unavailable(f"the event store can't be opened: {error}") from error
    return LibraryEventStore(with_archive(records, shelf), logs=logs, keys=keys, now=now)


@dataclass(frozen=True, slots=True)
class _Opened:
    records: PostgresRecords
    database: Database


class Cluster:
    """The databases of an installation by their numbers, opened when first asked for."""

    def __init__(
        self,
        dsns: Sequence[str],
        pool: tuple[int, int] = POOL,
        slow: Slow = Slow(),  # noqa: B008 - frozen
    ) -> None:
        self._slow = slow
        self._pool = pool
        self._dsns = dict(numbered(dsns))
        self._opened: dict[int, _Opened] = {}
        self._gate = threading.Lock()
        self._catalogue = self._open(0).database

    def placements(self) -> Mapping[int, Placed]:
        """Where every log lies now, as the catalogue says."""
        with self._catalogue.get_connection() as connection:
            return placement.placements(connection)

    def open(self, number: int) -> PostgresRecords:
        """The records of a database; the same ones each time."""
        return (self._opened.get(number) or self._open(number)).records

    def replicas(self, dsns: Sequence[str]) -> Mapping[int, Replicas]:
        """The replicas by the number of the database that they copy; one that doesn't answer is left out."""
        found: dict[int, list[PostgresRecords]] = {}
        for dsn in dsns:
            try:
                with connect(dsn) as connection:
                    known = identity(connection)
            except psycopg.OperationalError:
                continue
            if known is not None:
                found.setdefault(known[1], []).append(PostgresRecords(Database(dsn, pool=self._pool), self._slow))
        return {number: Replicas(records) for number, records in found.items()}

    def close(self) -> None:
        """Let go of all of them."""
        for each in self._opened.values():
            each.records.close()

    def _open(self, number: int) -> _Opened:
        with self._gate:
            if number not in self._opened:
                database = Database(self._dsn(number), pool=self._pool)
                self._opened[number] = _Opened(PostgresRecords(database, self._slow), database)
            return self._opened[number]

    def _dsn(self, number: int) -> str:
        if number not in self._dsns:
            with self._catalogue.get_connection() as connection:
                self._dsns[number] = reached_at(connection, self._dsns, number)
        return self._dsns[number]


def dsns_in(setting: str) -> list[str]:
    """The DSNs that a setting lists, separated by commas; a number behind `=` is left off, as databases tell theirs."""
    found = (each.strip() for each in setting.split(",") if each.strip())
    return [each.rpartition("=")[0] if _NUMBERED.fullmatch(each) else each for each in found]
