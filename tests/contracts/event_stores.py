"""The event stores that the contract holds for: where each lies, how it is opened, and what lies there at rest."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import psycopg
import pytest

from commands.ports import Context, Now, Write
from domain.events import Event, PhotoLiked, ProfileChanged
from domain.homes import Stream
from infra.eventstore.keys import Keys, SqliteKeys
from infra.eventstore.opening import open_sqlite_store
from infra.eventstore.postgres_keys import PostgresKeys
from infra.eventstore.postgres_migration import migrate
from infra.eventstore.postgres_opening import open_postgres_store
from infra.eventstore.store import LibraryEventStore
from tests import databases

MASTER_KEY = bytes(range(32))
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONTEXT = Context(trace_id="trace", causation_id="cause", correlation_id="correlation")


class Place(Protocol):
    """Where one installation's events and keys lie; opened any number of times, as processes do."""

    logs: int
    address: tuple[str, ...]

    def open(self, now: Now) -> LibraryEventStore: ...

    def keys(self) -> Keys: ...

    def at_rest(self) -> bytes: ...

    def fresh(self, directory: Path) -> "Place": ...

    def end(self) -> None: ...


@dataclass(frozen=True)
class SqlitePlace:
    directory: Path
    logs: int

    @property
    def address(self) -> tuple[str, ...]:
        """What `place_at` needs to find it again from another process."""
        return ("sqlite", str(self.directory), str(self.logs))

    def open(self, now: Now) -> LibraryEventStore:
        return open_sqlite_store(self.directory / "events.db", logs=self.logs, keys=self.keys(), now=now)

    def keys(self) -> SqliteKeys:
        return SqliteKeys(self.directory / "keys.db", MASTER_KEY)

    def at_rest(self) -> bytes:
        return b"".join(path.read_bytes() for path in sorted(self.directory.glob("events.db*")))

    def fresh(self, directory: Path) -> "SqlitePlace":
        return SqlitePlace(directory, self.logs)

    def end(self) -> None:
        """The folder goes by itself."""


@dataclass(frozen=True)
class PostgresPlace:
    """Logs in a database on each server; the keys in the first."""

    dsns: tuple[str, ...]
    logs: int

    @classmethod
    def on(cls, servers: tuple[str, ...], logs: int) -> "PostgresPlace":
        dsns = databases.fresh(servers)
        migrate(dsns, logs)
        return cls(tuple(dsns), logs)

    @property
    def address(self) -> tuple[str, ...]:
        return ("postgres", ",".join(self.dsns), str(self.logs))

    def open(self, now: Now) -> LibraryEventStore:
        return open_postgres_store(self.dsns, logs=self.logs, keys=self.keys(), now=now)

    def keys(self) -> PostgresKeys:
        return PostgresKeys(self.dsns[0], MASTER_KEY)

    def at_rest(self) -> bytes:
        found = b""
        for dsn in self.dsns:
            with psycopg.connect(dsn) as connection:
                names = connection.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'log_%'").fetchall()
                for (name,) in names:
                    for row in connection.execute(f"SELECT originator_id, state FROM {name}").fetchall():
                        found += row[0].encode() + row[1]
        return found

    def fresh(self, directory: Path) -> "PostgresPlace":
        """Itself, emptied: new databases take a second."""
        for dsn in self.dsns:
            with psycopg.connect(dsn) as connection:
                names = connection.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'log_%'").fetchall()
                connection.execute(f"TRUNCATE {','.join(name for (name,) in names)} RESTART IDENTITY")
        return self

    def end(self) -> None:
        databases.drop(self.dsns)


CLUSTER = {"postgresql, 16 logs in 2 databases": 16}
PLACES: dict[str, Callable[[Path], Place]] = {
    "sqlite, 1 log": lambda directory: SqlitePlace(directory, 1),
    "sqlite, 4 logs": lambda directory: SqlitePlace(directory, 4),
}
KINDS = [*PLACES, *(pytest.param(name, marks=pytest.mark.cluster) for name in CLUSTER)]


def place_for(request: pytest.FixtureRequest, directory: Path) -> Place:
    """The place that a test is run for; real servers are started when the first test asks for them."""
    if request.param not in CLUSTER:
        return PLACES[request.param](directory)
    servers = request.getfixturevalue("stack").need("postgres-a", "postgres-b").postgres
    return PostgresPlace.on(servers, CLUSTER[request.param])


def place_at(kind: str, where: str, logs: str) -> Place:
    if kind == "postgres":
        return PostgresPlace(tuple(where.split(",")), int(logs))
    return SqlitePlace(Path(where), int(logs))


@dataclass
class Clock:
    """A clock that a test sets."""

    at: datetime = field(default=START)

    def __call__(self) -> datetime:
        return self.at

    def turn(self, **by: float) -> None:
        self.at += timedelta(**by)


def stream(name: str, slot: int = 0) -> Stream:
    return Stream(name, slot)


def liked(photo: str = "photo", member: str = "member") -> Event:
    return PhotoLiked(at=START, photo_id=photo, owner_id="owner", member_id=member)


def profile(member: str, bio: str) -> Event:
    return ProfileChanged(at=START, member_id=member, first_name="Ada", last_name="Byron", bio=bio)


def write(to: Stream, *events: Event, expected: int = 0) -> Write:
    return Write(to, expected, events or (liked(),))
