"""One run of a projection over a batch: a plain function of what is stored, with the documents encoded at the end.

A run that looks for rows which were not fetched yet notes them and doesn't count: they are fetched, and it runs again.
A look passes over rows that are newer than its fact. These come of an attempt that got further, and the fact's own
effect on such a row is overwritten already; what is written for it now, the index refuses by its version.
"""

import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar, cast

from domain.recorded import Recorded, name_of
from infra.opensearch.documents import document
from infra.sqlite.shapes import micros, moment, shape_of
from projections.rows import Change, Drop, Key, Projection, Put, Row
from projections.stores import DeadLetter, Model, PoisonedError

R = TypeVar("R")

Address = tuple[type, Key]

_BEHIND: Final = "an earlier fact of its stream is parked"


class MisfitError(TypeError):
    """A projection asks for what this store can't do; no fact is to blame."""


@dataclass(frozen=True, slots=True)
class Dated:
    """A row as it is since a time (microseconds); None where it was dropped."""

    row: Row | None
    at: int


@dataclass(frozen=True, slots=True)
class Written:
    """A change to be written: the document, or None to drop it, and the fact that it comes from."""

    content: bytes | None
    at: int
    fact: Recorded


@dataclass(slots=True)
class Run:
    """The port `Look` over the stored rows and the batch's own changes, and what the run comes to."""

    stored: Mapping[Address, Dated | None]
    missing: set[Address] = field(default_factory=set)
    changes: dict[Address, Written] = field(default_factory=dict)
    letters: list[DeadLetter] = field(default_factory=list)
    _rows: dict[Address, Dated] = field(default_factory=dict)
    _at: int = 0

    def get(self, cls: type[R], *key: str) -> R | None:
        """The row under a key, as of the fact at hand."""
        at = (cast(type, cls), key)
        if at not in self._rows and at not in self.stored:
            self.missing.add(at)
            return None
        found = self._rows.get(at) or self.stored[at]
        return None if found is None or found.at > self._at else cast("R | None", found.row)

    def list(self, cls: type[R], *prefix: str, limit: int | None = None) -> Iterable[R]:
        """Not here: rows are found by their keys alone."""
        del limit
        raise MisfitError(f"{cls.__name__} can't be listed by {prefix}")

    def enter(self, fact: Recorded, projection: Projection) -> None:
        """Project one fact; nothing of it is taken where it raises."""
        self._at = micros(fact.recorded_at)
        made = [self._made(change, fact) for change in projection.changes(fact, self)]
        for address, row, written in made:
            self._rows[address] = Dated(row, self._at)
            self.changes[address] = written

    def _made(self, change: Change, fact: Recorded) -> tuple[Address, Row | None, Written]:
        match change:
            case Put(row):
                own: type = type(row)
                key = shape_of(own).key(row)
                return (own, key), row, Written(document(row), self._at, fact)
            case Drop(cls, key):
                return (cls, key), None, Written(None, self._at, fact)
            case _:
                raise MisfitError("counts need a store that moves the checkpoint in the same step")


@dataclass(frozen=True, slots=True)
class Batched:
    """What a run goes over: facts that are due, the streams with facts parked before, and facts the index refused."""

    model: Model
    projection: Projection
    facts: Sequence[Recorded]
    parked: frozenset[str]
    refused: Mapping[int, Exception]
    park: bool


def run(batch: Batched, stored: Mapping[Address, Dated | None], parked_at: int) -> Run:
    """Project a batch; raises `PoisonedError` for a fact that can't be applied, unless it is to be parked."""
    made = Run(stored)
    parked = set(batch.parked)
    for fact in batch.facts:
        error: Exception | None = batch.refused.get(fact.position.number)
        if fact.stream not in parked and error is None:
            try:
                made.enter(fact, batch.projection)
                continue
            except MisfitError:
                raise
            except Exception as raised:  # noqa: BLE001 whatever is wrong with it, the others go on
                error = raised
        if error is not None and not batch.park and not made.missing:
            raise PoisonedError(batch.model, fact) from error
        made.letters.append(_letter(batch.model, fact, error if fact.stream not in parked else None, parked_at))
        parked.add(fact.stream)
    return made


def _letter(model: Model, fact: Recorded, error: Exception | None, parked_at: int) -> DeadLetter:
    """A fact to be put aside, with its error, or for the one before it."""
    said = _BEHIND if error is None else f"{type(error).__name__}: {error}"
    trace = "" if error is None else "".join(traceback.format_exception(error))
    name = name_of(fact)
    return DeadLetter(
        model=model,
        log=fact.position.log,
        number=fact.position.number,
        stream=storable(fact.stream),
        event_name=name,
        error=storable(said),
        trace=storable(trace),
        parked_at=moment(parked_at),
    )


def storable(text: str) -> str:
    """The text of an error may hold what UTF-8 can't."""
    return text.encode(errors="backslashreplace").decode()
