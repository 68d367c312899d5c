"""Dead letters of a build: facts that could not be applied, and with each the later ones of its stream."""

import sqlite3
import traceback
from collections.abc import Callable
from datetime import datetime
from typing import Final

from domain.events import event_type
from domain.recorded import Recorded
from infra.sqlite.shapes import micros, moment
from projections.stores import DeadLetter, Model

_PARK: Final = (
    "INSERT INTO _dead_letters (log, number, stream, event_name, error, trace, parked_at) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_BY_LOG: Final = (
    "SELECT log, number, stream, event_name, error, trace, parked_at FROM _dead_letters ORDER BY log, number LIMIT ?"
)


class DeadLetters:
    """What is parked in one build, as seen from a running transaction."""

    def __init__(self, connection: sqlite3.Connection, now: Callable[[], datetime]) -> None:
        self._connection = connection
        self._now = now
        self._streams = {stream for (stream,) in connection.execute("SELECT DISTINCT stream FROM _dead_letters")}

    def holds(self, stream: str) -> bool:
        """Whether facts of this stream have to wait behind one that is parked."""
        return bool(self._streams) and stream in self._streams

    def park(self, fact: Recorded, error: Exception) -> None:
        """Put aside a fact that could not be applied."""
        self._insert(fact, f"{type(error).__name__}: {error}", "".join(traceback.format_exception(error)))

    def park_behind(self, fact: Recorded) -> None:
        """Put aside a fact whose stream has one parked already."""
        self._insert(fact, "an earlier fact of its stream is parked", "")

    def _insert(self, fact: Recorded, error: str, trace: str) -> None:
        self._streams.add(fact.stream)
        name = event_type(fact.event).name
        words = (_storable(text) for text in (fact.stream, name, error, trace))
        self._connection.execute(_PARK, (fact.position.log, fact.position.number, *words, micros(self._now())))


def parked(connection: sqlite3.Connection, model: Model, limit: int) -> list[DeadLetter]:
    """What is parked in a build, in the order of the log."""
    return [
        DeadLetter(model, log, number, stream, name, error, trace, moment(parked_at))
        for log, number, stream, name, error, trace, parked_at in connection.execute(_BY_LOG, (limit,))
    ]


def _storable(text: str) -> str:
    """The text of an error may hold what UTF-8 can't."""
    return text.encode("utf-8", "backslashreplace").decode()
