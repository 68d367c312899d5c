"""Where a store and its database are put together."""

from pathlib import Path

from eventsourcing.persistence import PersistenceError

from commands.errors import Unavailable
from commands.ports import Now
from infra.eventstore.archive import Archive, Shelf
from infra.eventstore.archived import ArchivedRecords
from infra.eventstore.keys import Keys
from infra.eventstore.records import Records
from infra.eventstore.sqlite import SqliteRecords
from infra.eventstore.store import LibraryEventStore
from infra.slow import Slow


def open_sqlite_store(
    path: Path,
    *,
    logs: int,
    keys: Keys,
    now: Now,
    synchronous: str = "FULL",
    shelf: Shelf | None = None,
    slow: Slow = Slow(),  # noqa: B008 - frozen
) -> LibraryEventStore:
    """The store in that SQLite file, made where there is none; blocks for a moment.

    Raises `ValueError` where the file was made with another number of logs, and `Unavailable` where it can't be opened.
    On the `shelf` lies the archive, if there may be one. With `synchronous="NORMAL"` a crash of the machine (not of the process) may lose acknowledged events.
    """
    try:
        records = SqliteRecords(path, logs, synchronous, slow)
    except PersistenceError as error:
        raise Unavailable(f"the event store can't be opened: {error}") from error
    return LibraryEventStore(with_archive(records, shelf), logs=logs, keys=keys, now=now)


def with_archive(records: Records, shelf: Shelf | None) -> Records:
    """Records that read from the archive what has moved there, where there may be one."""
    return records if shelf is None else ArchivedRecords(records, Archive(shelf))
