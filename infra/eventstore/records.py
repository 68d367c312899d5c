"""What the store needs of a database: everything above this line is the same for SQLite and for PostgreSQL.

Implementations write through the eventsourcing library's application recorders, one per log, and raise its
`PersistenceError` (or a subclass) for whatever the database does wrong. They are called by several threads at once,
`writing` by one thread for each lane.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from eventsourcing.persistence import PersistenceError, StoredEvent

from streams.ports import Stored

Place = tuple[str, int]
"""A stream's name and a version in it."""


class Moved(PersistenceError):
    """Logs lie in another database by now, or not all in one: nothing was written, asking for one at a time finds it."""


class Standing(NamedTuple):
    """How a log stands while it is locked."""

    last: bytes | None
    """The first bytes (`codec.STAMPED`) of its last fact; None where there is none."""
    taken: AbstractSet[Place]
    """Those of the places asked for that hold a fact."""


class Writing(Protocol):
    """One transaction that holds the locks of its logs: what it sees of them stays so until it ends."""

    def standing(self, places: Mapping[int, Iterable[Place]]) -> Mapping[int, Standing]:
        """How the logs stand, each with the places asked for."""
        ...

    def insert(self, rows: Mapping[int, Sequence[StoredEvent]]) -> Mapping[int, Sequence[int]]:
        """Append to the logs; the numbers given, which rise in the order of the rows."""
        ...


class Records(Protocol):
    """One or several databases that hold the logs."""

    def lane(self, log: int) -> int:
        """Logs of one lane are best written together, those of different lanes side by side."""
        ...

    def writing(self, logs: Iterable[int]) -> AbstractContextManager[Writing]:
        """Lock the logs; at the end of the block commit durably, or on an exception write nothing.

        An error of the database at the end leaves open whether it committed. Raises `Moved` where the logs don't lie
        together where they were thought to lie.
        """
        ...

    def head(self, log: int) -> int:
        """The number of the last committed fact of a log, 0 where there is none."""
        ...

    def page(self, log: int, after: int, limit: int) -> list[Stored]:
        """Committed facts of a log after a number, in order."""
        ...

    def streams(self, names: Mapping[int, Iterable[str]]) -> list[Stored]:
        """All committed facts of the named streams of each log, in order within a stream."""
        ...

    def exchange(self, log: int, states: Sequence[tuple[int, bytes]]) -> int:
        """Put other payloads under these numbers, all in one transaction; how many there were."""
        ...

    def settle(self) -> None:
        """Return when all transactions have ended that held the lock of a log as this was called."""
        ...

    def close(self) -> None:
        """Let go of the database; nothing is called afterwards."""
        ...
