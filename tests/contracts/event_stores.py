"""The event stores that the contract holds for: where each lies, how it is opened, and what lies there at rest."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from commands.ports import Context, Now, Write
from domain.events import Event, PhotoLiked, ProfileChanged
from domain.homes import Stream
from infra.eventstore.keys import SqliteKeys
from infra.eventstore.opening import open_sqlite_store
from infra.eventstore.store import LibraryEventStore

MASTER_KEY = bytes(range(32))
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONTEXT = Context(trace_id="trace", causation_id="cause", correlation_id="correlation")


class Place(Protocol):
    """Where one installation's events and keys lie; opened any number of times, as processes do."""

    logs: int
    address: tuple[str, ...]

    def open(self, now: Now) -> LibraryEventStore: ...

    def keys(self) -> SqliteKeys: ...

    def at_rest(self) -> bytes: ...


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


PLACES: dict[str, Callable[[Path], Place]] = {
    "sqlite, 1 log": lambda directory: SqlitePlace(directory, 1),
    "sqlite, 4 logs": lambda directory: SqlitePlace(directory, 4),
}


def place_at(kind: str, where: str, logs: str) -> Place:
    return {"sqlite": SqlitePlace}[kind](Path(where), int(logs))


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
