"""Dead letters of a build: facts that could not be applied, and with each the later ones of its stream."""

import sqlite3
import traceback
from collections.abc import Callable
from datetime import datetime
from typing import Final

from domain.recorded import Recorded, name_of
from infra.sqlite.shapes import micros, moment
from projections.stores import DeadLetter, Model

_PARK: Final = (
    "INSERT INTO _dead_letters (log, number, stream, event_name, error, trace, parked_at) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_FIRST: Final = "SELECT log, number FROM _dead_letters WHERE stream = ? ORDER BY log, number LIMIT 1"
_PARKED: Final = "SELECT 1 FROM _dead_letters WHERE log = ? AND number = ?"
_DISCARD: Final = "DELETE FROM _dead_letters WHERE log = ? AND number = ?"
_AGAIN: Final = "UPDATE _dead_letters SET error = ?, trace = ?, parked_at = ? WHERE log = ? AND number = ?"
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
        self._insert(fact, *_told(error))

    def is_next(self, fact: Recorded) -> bool:
        """Whether a fact is the first that is parked of its stream."""
        found = self._connection.execute(_FIRST, (_storable(fact.stream),)).fetchone()
        return bool(found == (fact.position.log, fact.position.number))

    def keeps(self, fact: Recorded) -> bool:
        """Whether a fact is parked."""
        return self._connection.execute(_PARKED, (fact.position.log, fact.position.number)).fetchone() is not None

    def discard(self, log: int, number: int) -> bool:
        """Take a fact out; False where none is parked there."""
        return self._connection.execute(_DISCARD, (log, number)).rowcount > 0

    def park_again(self, fact: Recorded, error: Exception) -> None:
        """Say why a parked fact still can't be applied."""
        words = map(_storable, _told(error))
        self._connection.execute(_AGAIN, (*words, micros(self._now()), fact.position.log, fact.position.number))

    def park_behind(self, fact: Recorded) -> None:
        """Put aside a fact whose stream has one parked already."""
        self._insert(fact, "an earlier fact of its stream is parked", "")

    def _insert(self, fact: Recorded, error: str, trace: str) -> None:
        self._streams.add(fact.stream)
        name = name_of(fact)
        words = (_storable(text) for text in (fact.stream, name, error, trace))
        self._connection.execute(_PARK, (fact.position.log, fact.position.number, *words, micros(self._now())))


def parked(connection: sqlite3.Connection, model: Model, limit: int) -> list[DeadLetter]:
    """What is parked in a build, in the order of the log."""
    return [
        DeadLetter(model, log, number, stream, name, error, trace, moment(parked_at))
        for log, number, stream, name, error, trace, parked_at in connection.execute(_BY_LOG, (limit,))
    ]


def _told(error: Exception) -> tuple[str, str]:
    return f"{type(error).__name__}: {error}", "".join(traceback.format_exception(error))


def _storable(text: str) -> str:
    """The text of an error may hold what UTF-8 can't."""
    return text.encode("utf-8", "backslashreplace").decode()
