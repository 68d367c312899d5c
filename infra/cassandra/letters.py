"""Dead letters of a build, and its checkpoints: what a batch reads first and writes last."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cassandra.query import BatchStatement, BatchType

from domain.recorded import Recorded, name_of
from infra.cassandra.connecting import Cassandra
from infra.cassandra.schema import LANES
from infra.sqlite.shapes import micros
from projections.stores import Batch, Model

_CHECKPOINT: Final = "SELECT number FROM checkpoints WHERE projection = ? AND build = ? AND lane = ? AND log = ?"
_MOVE: Final = (
    "UPDATE checkpoints SET number = ? WHERE projection = ? AND build = ? AND lane = ? AND log = ? IF number = ?"
)
_PARKED: Final = "SELECT log, number, stream FROM dead_letters WHERE projection = ? AND build = ?"
_PARK: Final = (
    "INSERT INTO dead_letters (projection, build, log, number, stream, event_name, error, trace, parked_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_AGAIN: Final = (
    "UPDATE dead_letters SET error = ?, trace = ?, parked_at = ?"
    " WHERE projection = ? AND build = ? AND log = ? AND number = ? IF EXISTS"
)
_END: Final = "DELETE FROM dead_letters WHERE projection = ? AND build = ? AND log = ? AND number = ? IF EXISTS"
_FREE: Final = "DELETE FROM dead_letters WHERE projection = ? AND build = ? AND log = ? AND number = ?"


def reached(cassandra: Cassandra, model: Model, log: int) -> int:
    """How far a build has come in a log."""
    found = cassandra.ask(_CHECKPOINT, model.projection, model.build, log % LANES, log)
    return int(found[0][0] or 0) if found else 0


def move(cassandra: Cassandra, model: Model, batch: Batch) -> bool:
    """Move a checkpoint from where it is expected; False where it is elsewhere."""
    where = (model.projection, model.build, batch.log % LANES, batch.log)
    return bool(cassandra.ask(_MOVE, batch.last, *where, batch.expected or None)[0][0])


@dataclass(frozen=True, slots=True)
class Parked:
    """A fact put aside in this batch."""

    fact: Recorded
    error: str
    trace: str


def parked_of(cassandra: Cassandra, model: Model, stream: str) -> list[tuple[int, int]]:
    """What is parked of a stream, as log and number, in order."""
    name = _storable(stream)
    found = cassandra.ask(_PARKED, model.projection, model.build)
    return sorted((log, number) for log, number, of in found if of == name)


def park_again(cassandra: Cassandra, model: Model, fact: Recorded, error: Exception, at: datetime) -> None:
    """Say why a parked fact still can't be applied."""
    trace = "".join(traceback.format_exception(error))
    words = (_storable(f"{type(error).__name__}: {error}"), _storable(trace))
    place = (fact.position.log, fact.position.number)
    cassandra.ask(_AGAIN, *words, micros(at), model.projection, model.build, *place)


def discard(cassandra: Cassandra, model: Model, log: int, number: int) -> bool:
    """Delete a letter; False where there is none."""
    return bool(cassandra.ask(_END, model.projection, model.build, log, number)[0][0])


class DeadLetters:
    """What is parked in one build, as a running batch sees it.

    Letters beyond the checkpoint are what an attempt left that never got to move it: this one decides anew.
    """

    def __init__(self, cassandra: Cassandra, model: Model, batch: Batch, now: Callable[[], datetime]) -> None:
        self._cassandra = cassandra
        self._model = model
        self._log = batch.log
        self._now = now
        found = cassandra.ask(_PARKED, model.projection, model.build)
        self._left = {number for log, number, _ in found if log == batch.log and number > batch.expected}
        self._streams = {stream for log, number, stream in found if log != batch.log or number <= batch.expected}
        self._parked: dict[int, Parked] = {}

    def holds(self, stream: str) -> bool:
        """Whether facts of this stream have to wait behind one that is parked."""
        return stream in self._streams

    def park(self, fact: Recorded, error: Exception) -> None:
        """Put aside a fact that could not be applied."""
        trace = "".join(traceback.format_exception(error))
        self._enter(Parked(fact, f"{type(error).__name__}: {error}", trace))

    def park_behind(self, fact: Recorded) -> None:
        """Put aside a fact whose stream has one parked already."""
        self._enter(Parked(fact, "an earlier fact of its stream is parked", ""))

    def write(self) -> None:
        """Write what was parked, and free what an earlier attempt parked without need."""
        key = (self._model.projection, self._model.build, self._log)
        batch = BatchStatement(BatchType.UNLOGGED)
        for number, each in self._parked.items():
            words = (each.fact.stream, name_of(each.fact), each.error, each.trace)
            values = (*key, number, *(_storable(text) for text in words), micros(self._now()))
            self._send(batch, _PARK, values)
        for number in self._left - self._parked.keys():
            self._send(batch, _FREE, (*key, number))
        if self._parked or self._left:
            pump = self._cassandra.pump()
            pump.send(batch)
            pump.drain()

    def _send(self, batch: Any, cql: str, values: tuple[Any, ...]) -> None:
        batch.add(self._cassandra.prepared(cql), values)

    def _enter(self, parked: Parked) -> None:
        self._streams.add(parked.fact.stream)
        self._parked[parked.fact.position.number] = parked


def _storable(text: str) -> str:
    """The text of an error may hold what UTF-8 can't."""
    return text.encode("utf-8", "backslashreplace").decode()
