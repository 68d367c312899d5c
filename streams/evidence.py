"""Evidence: the events behind a row, found by the ids that both hold."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Final, TypeVar

from domain.events import event_type
from domain.recorded import Recorded, Unreadable
from domain.wire import stored_names
from projections.rows import Change, Count, Drop, Key, Projection, Put, Row, Tally, key_of, table_of
from streams.ports import EventLog

R = TypeVar("R")

PAGE: Final = 4_000
KEPT: Final = 20
NOTHING: Final[Mapping[int, int]] = MappingProxyType({})


@dataclass(slots=True)
class Evidence:
    """The events behind a row: how many there are, and the last of them."""

    row: Row
    count: int = 0
    facts: deque[Recorded] = field(default_factory=lambda: deque(maxlen=KEPT))


async def behind(
    projection: Projection, rows: Iterable[Row], *, log: EventLog, after: Mapping[int, int] = NOTHING
) -> Sequence[Evidence]:
    """For each row the events that made it what it is, in the order of the logs, from the beginning or after a position.

    Reads every log once from there.
    """
    found = [Evidence(row) for row in rows]
    names = stored_names(event_type(cls).name for cls in projection.handles)
    for number in range(log.logs):
        reached, more = after.get(number, 0), bool(found)
        while more:
            page = await log.read(number, reached, PAGE, names, personal=False)
            reached, more = page.last, page.more
            for fact in page.facts:
                for each in found:
                    if speaks_of(projection, fact, each.row):
                        each.count += 1
                        each.facts.append(fact)
    return found


def speaks_of(projection: Projection, fact: Recorded, row: Row) -> bool:
    """Whether a fact has part in a row.

    It has where projecting it changes the row, or where it holds part of the row's key and another of the row's ids
    while nothing in it contradicts the key (a follow, and the photo that it brought into a timeline). So now and then it
    is one event too many (the follow the other way round), but never one too few.
    """
    if not projection.concerned_by(fact):
        return False
    if isinstance(fact.event, Unreadable):  # only the name of its stream can tell
        return all(held in fact.stream for held in _key_ids(row).values())
    ids, key = _ids(row), _key_ids(row)
    said = _ids(fact.event)
    held = set(said.values())
    if key.keys() & said.keys() and any(said.get(name, value) != value for name, value in key.items()):
        return False
    if set(key.values()) <= held:
        return _changes(projection, fact, row)
    others = set(ids.values()) - set(key.values())
    return len(key) > 1 and bool(held & set(key.values())) and bool(held & others)


def _changes(projection: Projection, fact: Recorded, row: Row) -> bool:
    key = (type(row), key_of(row))
    try:
        return any(_touched(change) == key for change in projection.changes(fact, _Only(row)))
    except Exception:  # noqa: BLE001 a fact that can't be applied speaks of the row all the more
        return True


def _touched(change: Change) -> tuple[type, Key]:
    match change:
        case Put(row=row):
            return type(row), key_of(row)
        case Drop(row=cls, key=key):
            return cls, key
        case Count(subject=subject, kind=kind):
            return Tally, (subject, kind)


def _ids(value: Any) -> dict[str, str]:
    """The fields that hold ids, by name."""
    found = {each.name: getattr(value, each.name) for each in fields(value) if each.name.endswith(("_id", "subject"))}
    return {name: held for name, held in found.items() if held}


def _key_ids(row: Row) -> dict[str, str]:
    return {name: held for name, held in _ids(row).items() if name in table_of(type(row)).key}


class _Only:
    """The port `Look` onto one row alone."""

    def __init__(self, row: Row) -> None:
        self._row = row

    def get(self, cls: type[R], *key: str) -> R | None:
        """The row, where it is the one that is asked for."""
        return self._row if isinstance(self._row, cls) and key_of(self._row) == key else None

    def list(self, cls: type[R], *prefix: str, limit: int | None = None) -> Iterator[R]:
        """The row, where it is among those that are asked for."""
        del limit
        if isinstance(self._row, cls) and key_of(self._row)[: len(prefix)] == prefix:
            yield self._row
