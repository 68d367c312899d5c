"""One batch into one build: projected over what is stored, written, and only then the checkpoint.

Nothing but the checkpoint is conditional, so a batch that a crash cut short, a repeat, or two hosts at once must come
to the same rows. They do, because

- each write carries its fact's `recorded_at`, which rises within a log, and a row is written from one log alone: so
  the later fact wins whenever a write arrives, deletes included, and writing again changes nothing;
- a look passes over rows that are newer than its fact: these come of an attempt that got further, and then the fact's
  own effect on that row is overwritten already;
- rows that are looked at, and with them the key under which an order finds a row's former place, are written last.
  As long as anything else is missing, a repeat sees them as they were before the batch, and computes the very same.

What this asks of a projection that looks: a fact sets what it says of a row and never adds to it, so that applying it
again changes nothing; and of a row that is not there it makes nothing, or all of it.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from cassandra import RequestValidationException

from commands.errors import Unavailable
from domain.recorded import Recorded
from infra.cassandra.connecting import Cassandra
from infra.cassandra.copies import Copy
from infra.cassandra.letters import DeadLetters, discard, move, park_again, parked_of, reached
from infra.cassandra.overlay import MisfitError, Overlay, Wish, time_of, wishes_of
from infra.cassandra.stored import Dated
from infra.cassandra.tables import RowTables, tables_of
from infra.cassandra.writing import Writer, check
from projections.rows import Change, Drop, Key, Projection, Put
from projections.stores import Batch, Fed, Model, PoisonedError

HELD: Final = 2_000
"""Changes of rows that nobody looks at go out when so many wait, and travel while further facts are applied."""

_HOST: Final = (MisfitError, Unavailable, RequestValidationException)
"""What is not the fault of a fact."""


class Feeder:
    """The writing side of one build; blocking, for worker threads, any number of them at once."""

    def __init__(
        self,
        cassandra: Cassandra,
        model: Model,
        projection: Projection,
        shards: int,
        now: Callable[[], datetime],
        copy: Copy | None = None,
    ) -> None:
        self._cassandra = cassandra
        self._model = model
        self._projection = projection
        self._handles = frozenset(projection.handles)
        self._tables = {cls: tables_of(model, cls, shards) for cls in projection.rows}
        self._ahead = [(cls, tables) for cls, tables in self._tables.items() if tables.layout.ahead]
        self._now = now
        self._copy = copy

    def feed(self, batch: Batch, *, park: bool) -> Fed:
        """Apply a batch and move its log's checkpoint."""
        try:
            return self._feed(batch, park=park, careful=False)
        except _HOST:
            raise
        except Exception:  # noqa: BLE001 some fact's fault; taking them one by one tells whose
            return self._feed(batch, park=park, careful=True)

    def apply(self, facts: Sequence[Recorded]) -> None:
        """Apply facts ahead of the log, where the later write wins: no checkpoint moves."""
        overlay = Overlay(self._cassandra, self._tables)
        for fact in facts:
            overlay.turn_to(time_of(fact))
            overlay.enter(self._projection.changes(fact, overlay), time_of(fact))
        self._write(overlay, Writer(self._cassandra, self._now()))

    def retry(self, facts: Sequence[Recorded]) -> int:
        """Apply parked facts of a stream, each before its letter is deleted; how many.

        Rows carry their facts' times, so a crash in between leaves a letter whose next retry changes nothing more.
        """
        waiting = parked_of(self._cassandra, self._model, facts[0].stream) if facts else []
        applied = 0
        for fact in facts:
            place = (fact.position.log, fact.position.number)
            if place not in waiting:
                continue
            if place != waiting.pop(0):
                break
            error = self._try(fact)
            if error is not None:
                park_again(self._cassandra, self._model, fact, error, self._now())
                break
            discard(self._cassandra, self._model, *place)
            applied += 1
        return applied

    def _try(self, fact: Recorded) -> Exception | None:
        """Apply one fact by itself; what it raised, where nothing of it was written."""
        if not self._projection.concerned_by(fact):
            return None
        overlay = Overlay(self._cassandra, self._tables)
        overlay.turn_to(time_of(fact))
        try:
            changes = tuple(self._projection.changes(fact, overlay))
            self._check(changes)
            overlay.enter(changes, time_of(fact))
        except _HOST:
            raise
        except Exception as error:  # noqa: BLE001 whatever it is, it is the fact's fault, and is told
            return error
        self._write(overlay, Writer(self._cassandra, self._now()))
        return None

    def _feed(self, batch: Batch, *, park: bool, careful: bool) -> Fed:
        letters = DeadLetters(self._cassandra, self._model, batch, self._now)
        if reached(self._cassandra, self._model, batch.log) != batch.expected:
            return Fed.MISMATCH
        overlay, ahead = Overlay(self._cassandra, self._tables), Writer(self._cassandra, self._now())
        facts = self._due(batch)
        overlay.prefetch(wishes_of(self._projection, facts))
        for fact in facts:
            if letters.holds(fact.stream):
                letters.park_behind(fact)
                continue
            overlay.turn_to(time_of(fact))
            try:
                changes = tuple(self._projection.changes(fact, overlay))
                if careful:
                    self._check(changes)
            except _HOST:
                raise
            except Exception as error:
                if not careful:
                    raise
                if not park:
                    raise PoisonedError(self._model, fact) from error
                letters.park(fact, error)
                continue
            overlay.enter(changes, time_of(fact))
            self._write_ahead(overlay, ahead, HELD)
        self._write(overlay, ahead)
        letters.write()
        return Fed.APPLIED if move(self._cassandra, self._model, batch) else Fed.MISMATCH

    def _due(self, batch: Batch) -> list[Recorded]:
        """The facts that are handled and not applied yet, each once."""
        due, at = [], batch.expected
        for fact in batch.facts:
            if fact.position.number > at:
                at = fact.position.number
                if type(fact.event) in self._handles or self._projection.concerned_by(fact):
                    due.append(fact)
        return due

    def _check(self, changes: Sequence[Change]) -> None:
        for change in changes:
            match change:
                case Put(row):
                    tables = self._tables[type(row)]
                    check(tables, tables.shape.key(row), row)
                case Drop(cls, key):
                    check(self._tables[cls], key, None)

    def _write_ahead(self, overlay: Overlay, writer: Writer, held: int) -> None:
        """Rows that nobody looks at need not wait for the others."""
        for cls, tables in self._ahead:
            if len(overlay.changed[cls]) > held:
                for key, change in overlay.take(cls).items():
                    writer.change(tables, key, change)
                    writer.arrange(tables, key, change, ())

    def _write(self, overlay: Overlay, ahead: Writer) -> None:
        self._write_ahead(overlay, ahead, 0)
        ahead.flush()
        first, last = Writer(self._cassandra, self._now()), Writer(self._cassandra, self._now())
        for cls, tables in self._tables.items():
            changed = overlay.changed[cls]
            if tables.wandering:
                overlay.prefetch(Wish(cls, key, whole=True) for key in changed)
            for key, change in changed.items():
                past = _past(overlay, cls, tables, key, change)
                if past is not None:
                    first.arrange(tables, key, change, past)
                    last.change(tables, key, change)
        first.flush()
        last.flush()
        if self._copy is not None:
            for cls, changed in overlay.changed.items():
                self._copy.drop(self._model, cls, changed.keys())


def _past(overlay: Overlay, cls: type, tables: RowTables, key: Key, change: Dated) -> list[object] | None:
    """The rows that may have places in orders still; None where what is stored is newer than the whole batch."""
    if not tables.wandering:
        return []
    stored = overlay.stored(cls, key)
    if stored is not None and stored.at > change.at:
        return None
    return [*overlay.passed[cls][key], *([stored.row] if stored is not None and stored.at < change.at else [])]
