"""Events as tables: one typed table for each event, named like its class (`photo_liked`), and one, `events`, of all.

Every table begins with the envelope. `at`, which is a word of SQL's own, is called `happened_at`. In `events` the
fields stand together as JSON text in `data`. Personal fields are left out unless they are asked for; then those of
erased members are null.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

import orjson

from domain.events import EVENT_TYPES, EventType, event_type
from domain.recorded import Recorded
from domain.wire import Erased, is_erased, schema_version, to_wire
from infra.analysis.hints import hints_of

EVENTS: Final = "events"
"""The table of all events."""

_WORDS: Final = re.compile(r"(?<!^)(?=[A-Z])")
_RENAMED: Final = {"at": "happened_at"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, the type of its values, and where they come from; `document` says that it holds JSON."""

    name: str
    hint: Any
    take: Callable[[Recorded], Any]
    document: bool = False


@dataclass(frozen=True, slots=True)
class EventTable:
    """A table's name and its columns; `of` is the event that it holds, None for all of them."""

    name: str
    columns: tuple[Column, ...]
    of: EventType | None = None


_ENVELOPE: Final = (
    Column("log", int, lambda fact: fact.position.log),
    Column("number", int, lambda fact: fact.position.number),
    Column("stream", str, lambda fact: fact.stream),
    Column("version", int, lambda fact: fact.version),
    Column("recorded_at", datetime, lambda fact: fact.recorded_at),
    Column("event_id", str, lambda fact: fact.event_id),
    Column("trace_id", str, lambda fact: fact.trace_id),
    Column("causation_id", str, lambda fact: fact.causation_id),
    Column("correlation_id", str, lambda fact: fact.correlation_id),
)


def table_name(known: EventType) -> str:
    """The name of an event's table."""
    return _WORDS.sub("_", known.cls.__name__).lower()


@cache
def tables(*, personal: bool) -> Mapping[str, EventTable]:
    """Every table by name, `events` first."""
    known = {table_name(each): each for each in EVENT_TYPES.values()}
    typed = {name: EventTable(name, _columns(each, personal=personal), each) for name, each in sorted(known.items())}
    return {EVENTS: _all_events(personal=personal), **typed}


def data_of(fact: Recorded, *, personal: bool) -> dict[str, Any]:
    """The fields of an event as JSON values, personal ones only where asked for (null where they were erased)."""
    _, wire = to_wire(fact.event)
    for field in event_type(fact.event).personal:
        if not personal:
            del wire[field]
        elif isinstance(wire[field], Erased):
            wire[field] = None
    return wire


def _all_events(*, personal: bool) -> EventTable:
    def data(fact: Recorded) -> str:
        return orjson.dumps(data_of(fact, personal=personal)).decode()

    def name(fact: Recorded) -> str:
        return event_type(fact.event).name

    kind = (
        Column("event_type", str, name),
        Column("schema_version", int, lambda fact: schema_version(name(fact))),
    )
    return EventTable(EVENTS, (*_ENVELOPE[:2], *kind, *_ENVELOPE[2:], Column("data", str, data, document=True)))


def _columns(known: EventType, *, personal: bool) -> tuple[Column, ...]:
    own = [
        _column(field, hint, personal=field in known.personal)
        for field, hint in hints_of(known.cls).items()
        if personal or field not in known.personal
    ]
    return (*_ENVELOPE, *own)


def _column(field: str, hint: Any, *, personal: bool) -> Column:
    def plain(fact: Recorded) -> Any:
        return _as_held(getattr(fact.event, field))

    def unless_erased(fact: Recorded) -> Any:
        value = plain(fact)
        return None if isinstance(value, Erased) or (value == () and is_erased(fact.event)) else value

    name = _RENAMED.get(field, field)
    return Column(name, hint | None, unless_erased) if personal else Column(name, hint, plain)


def _as_held(value: Any) -> Any:
    """A value in the shapes that columns hold: no dataclasses, wherever they are."""
    if isinstance(value, tuple):
        return tuple(map(_as_held, value))
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
