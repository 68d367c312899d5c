"""One build of a read model: its file, and the one transaction in which a batch is applied."""

import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from domain.recorded import Recorded
from infra.sqlite.connections import connect, writing
from infra.sqlite.journal import Changed, Journal
from infra.sqlite.letters import DeadLetters
from infra.sqlite.pending import Pending
from infra.sqlite.shapes import micros, moment
from projections.rows import Key, Projection
from projections.stores import Batch, Fed, Model, PoisonedError

_INDEXES: Final = "SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE % USING fts5(%'"
_REACHED: Final = "SELECT number FROM _checkpoints WHERE log = ?"
_REACH: Final = (
    "INSERT INTO _checkpoints (log, number, recorded_at) VALUES (?, ?, ?) ON CONFLICT DO UPDATE"
    " SET number = excluded.number, recorded_at = coalesce(excluded.recorded_at, recorded_at)"
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a build has come in a log, and when the last fact that it applied was recorded."""

    number: int
    recorded_at: datetime | None


class Build:
    """The writing side of a build's file; threads take turns, so any may call."""

    def __init__(self, model: Model, path: Path, journal: Journal, now: Callable[[], datetime]) -> None:
        self.model = model
        self._path = path
        self._journal = journal
        self._now = now
        self._turn = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def feed(self, projection: Projection, batch: Batch, *, park: bool) -> Fed:
        """Apply a batch and move its log's checkpoint, or nothing of both."""
        with self._turn:
            connection = self._open()
            try:
                return self._feed(connection, projection, batch, park=park, careful=False)
            except sqlite3.OperationalError:  # the file's fault, not a fact's
                raise
            except Exception:  # noqa: BLE001 some fact's fault; taking them one by one tells whose
                return self._feed(connection, projection, batch, park=park, careful=True)

    def apply(self, projection: Projection, facts: Sequence[Recorded]) -> None:
        """Apply facts ahead of the log, where the later write wins: no checkpoint moves."""
        if not projection.last_writer_wins:
            raise ValueError(f"{projection.name} can't be applied ahead of its log")
        with self._turn:
            connection = self._open()
            with self._changing(connection, projection) as pending:
                for fact in facts:
                    pending.enter(tuple(projection.changes(fact, pending)), fact.recorded_at)
                pending.flush()

    def write(self, change: Callable[[sqlite3.Connection], object], changed: Changed) -> None:
        """Change rows (of those keys) beside the log, in a transaction of its own: no checkpoint moves."""
        with self._turn:
            connection = self._open()
            with self._noted(connection) as touched:
                change(connection)
                touched.update(changed)

    def retry(self, projection: Projection, facts: Sequence[Recorded]) -> int:
        """Apply parked facts of a stream, each with its letter deleted in the same transaction; how many."""
        applied = 0
        with self._turn:
            connection = self._open()
            with self._changing(connection, projection) as pending:
                letters = DeadLetters(connection, self._now)
                for fact in facts:
                    if not letters.keeps(fact):
                        continue
                    if not letters.is_next(fact):
                        break
                    error = self._try(connection, projection, pending, fact)
                    if error is not None:
                        letters.park_again(fact, error)
                        break
                    letters.discard(fact.position.log, fact.position.number)
                    applied += 1
        return applied

    def discard(self, log: int, number: int) -> None:
        """Delete a letter."""
        with self._turn:
            connection = self._open()
            with writing(connection):
                if not DeadLetters(connection, self._now).discard(log, number):
                    raise LookupError(f"nothing is parked at {log}:{number} of {self.model}")

    def tidy(self) -> None:
        """Empty the file, its log and its indexes of the bytes of what was deleted; readers may go on meanwhile."""
        with self._turn:
            connection = self._open()
            for (name,) in connection.execute(_INDEXES).fetchall():
                connection.execute(f"INSERT INTO {name} ({name}) VALUES ('optimize')")  # noqa: S608 a table's name
            connection.execute("VACUUM")
            (busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if busy:
                raise sqlite3.OperationalError(f"the log of {self.model} can't be emptied while it is being read")

    def close(self) -> None:
        """Let the file go; a later call opens it again."""
        with self._turn:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def _changing(self, connection: sqlite3.Connection, projection: Projection) -> Iterator[Pending]:
        """A transaction over a projection's rows."""
        with self._noted(connection) as touched:
            pending = Pending(connection, projection)
            yield pending
            touched.update(pending.written)

    @contextmanager
    def _noted(self, connection: sqlite3.Connection) -> Iterator[dict[type, Collection[Key]]]:
        """A transaction; the keys that it is told to touch are noted in the journal before they are there to be read."""
        number, touched = None, dict[type, Collection[Key]]()
        try:
            with writing(connection):
                yield touched
                if touched:
                    number = self._journal.number(connection, touched)
        except BaseException:
            if number is not None:
                self._journal.note(number, None)
            raise

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = connect(self._path)
        return self._connection

    def _feed(
        self, connection: sqlite3.Connection, projection: Projection, batch: Batch, *, park: bool, careful: bool
    ) -> Fed:
        with self._changing(connection, projection) as pending:
            found = connection.execute(_REACHED, (batch.log,)).fetchone()
            if (found[0] if found else 0) != batch.expected:
                return Fed.MISMATCH
            letters = DeadLetters(connection, self._now)
            reached, handles = batch.expected, frozenset(projection.handles)
            for fact in batch.facts:
                if fact.position.number <= reached:
                    continue
                reached = fact.position.number
                if type(fact.event) not in handles and not projection.concerned_by(fact):
                    continue
                if letters.holds(fact.stream):
                    letters.park_behind(fact)
                    continue
                if careful:
                    self._apply_alone(connection, projection, pending, letters, fact, park=park)
                else:
                    pending.enter(tuple(projection.changes(fact, pending)), fact.recorded_at)
            pending.flush()
            recorded_at = micros(batch.facts[-1].recorded_at) if batch.facts else None
            connection.execute(_REACH, (batch.log, batch.last, recorded_at))
            return Fed.APPLIED

    def _apply_alone(
        self,
        connection: sqlite3.Connection,
        projection: Projection,
        pending: Pending,
        letters: DeadLetters,
        fact: Recorded,
        *,
        park: bool,
    ) -> None:
        """Apply one fact by itself; park it, or stop, when that can't be done."""
        error = self._try(connection, projection, pending, fact)
        if error is not None:
            if not park:
                raise PoisonedError(self.model, fact) from error
            letters.park(fact, error)

    def _try(
        self, connection: sqlite3.Connection, projection: Projection, pending: Pending, fact: Recorded
    ) -> Exception | None:
        """Apply one fact under a savepoint and write its rows at once; what it raised, where it left no trace."""
        connection.execute("SAVEPOINT fact")
        try:
            if projection.concerned_by(fact):
                pending.enter(tuple(projection.changes(fact, pending)), fact.recorded_at)
                pending.flush()
        except sqlite3.OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 whatever it is, it is the fact's fault, and is told
            pending.forget()
            connection.execute("ROLLBACK TO fact")
            connection.execute("RELEASE fact")
            return error
        connection.execute("RELEASE fact")
        return None


def checkpoints(connection: sqlite3.Connection) -> Mapping[int, Checkpoint]:
    """How far a build has come in each log."""
    rows = connection.execute("SELECT log, number, recorded_at FROM _checkpoints ORDER BY log")
    return {log: Checkpoint(number, None if at is None else moment(at)) for log, number, at in rows}
