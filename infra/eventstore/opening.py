"""Where a store and its database are put together."""

from pathlib import Path

from eventsourcing.persistence import PersistenceError

from commands.errors import Unavailable
from commands.ports import Now
from infra.eventstore.keys import Keys
from infra.eventstore.sqlite import SqliteRecords
from infra.eventstore.store import LibraryEventStore


def open_sqlite_store(path: Path, *, logs: int, keys: Keys, now: Now, synchronous: str = "FULL") -> LibraryEventStore:
    """The store in that SQLite file, made where there is none; blocks for a moment.

    Raises `ValueError` where the file was made with another number of logs, and `Unavailable` where it can't be opened.
    With `synchronous="NORMAL"` a crash of the machine (not of the process) may lose acknowledged events.
    """
    try:
        records = SqliteRecords(path, logs, synchronous)
    except PersistenceError as error:
        raise Unavailable(f"the event store can't be opened: {error}") from error
    return LibraryEventStore(records, logs=logs, keys=keys, now=now)
