"""Dead letters of counters: kept beside the counts, so that what loses the one loses the other and is filled again."""

import traceback
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson

from domain.recorded import Recorded, name_of
from projections.stores import Batch, DeadLetter, Model


class Letters:
    """What is parked, as a running batch sees it; letters beyond the checkpoint are an unfinished attempt's."""

    def __init__(self, found: Iterable[bytes], batch: Batch, now: Callable[[], datetime]) -> None:
        known = [orjson.loads(letter) for letter in found]
        beyond = [each for each in known if each["log"] == batch.log and each["number"] > batch.expected]
        self.stale = [field_of(each["log"], each["number"]) for each in beyond]
        self.parked: dict[bytes, bytes] = {}
        self._streams = {each["stream"] for each in known if each not in beyond}
        self._now = now

    def holds(self, stream: str) -> bool:
        """Whether facts of this stream have to wait behind one that is parked."""
        return stream in self._streams

    def park(self, fact: Recorded, error: Exception) -> None:
        """Put aside a fact that could not be applied."""
        self._enter(fact, f"{type(error).__name__}: {error}", "".join(traceback.format_exception(error)))

    def park_behind(self, fact: Recorded) -> None:
        """Put aside a fact whose stream has one parked already."""
        self._enter(fact, "an earlier fact of its stream is parked", "")

    def _enter(self, fact: Recorded, error: str, trace: str) -> None:
        self._streams.add(fact.stream)
        words = {"stream": fact.stream, "event_name": name_of(fact), "error": error, "trace": trace}
        letter: dict[str, Any] = {name: storable(text) for name, text in words.items()}
        letter |= {"log": fact.position.log, "number": fact.position.number, "parked_at": self._now()}
        self.parked[field_of(fact.position.log, fact.position.number)] = orjson.dumps(letter)


def opened(model: Model, letter: bytes) -> DeadLetter:
    """A letter as it is shown."""
    known: Mapping[str, Any] = orjson.loads(letter)
    return DeadLetter(model, **{**known, "parked_at": datetime.fromisoformat(known["parked_at"])})


def again(letter: bytes, error: Exception, at: datetime) -> bytes:
    """A letter whose fact still can't be applied, and why."""
    words = {"error": f"{type(error).__name__}: {error}", "trace": "".join(traceback.format_exception(error))}
    told = {name: storable(text) for name, text in words.items()}
    return orjson.dumps({**orjson.loads(letter), **told, "parked_at": at})


def storable(text: str) -> str:
    """The text of an error may hold what UTF-8 can't."""
    return text.encode("utf-8", "backslashreplace").decode()


def mark_of(log: int, number: int) -> bytes:
    """Says in a group that a parked fact is counted there."""
    return b"retried:" + field_of(log, number)


def field_of(log: int, number: int) -> bytes:
    """The field of a letter."""
    return f"{log}:{number}".encode()
