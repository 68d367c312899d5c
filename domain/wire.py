"""The wire form: an event as its stored name and a dictionary that JSON can hold, and back, for ever.

Old forms come up to date through `UPCASTERS`. Encoding to bytes and encryption belong to the event store's adapter.
"""

import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Union, cast, get_args, get_origin, get_type_hints

from domain.events import EVENT_TYPES, Event, EventType, event_type

Wire = dict[str, Any]
Upcaster = Callable[[Wire], tuple[str, Wire]]
"""Takes a stored form to its successor: the new stored name and the new fields."""

UPCASTERS: dict[str, Upcaster] = {
    # what photos are compared by came later; photos developed before have none until they are rendered anew
    "photo.processed.v1": lambda wire: ("photo.processed.v2", {**wire, "likeness": None}),
}


class Erased(str):
    """A personal text whose key was destroyed: empty, and recognisable."""

    __slots__ = ()


ERASED: Final = Erased()


class UnknownEvent(Exception):
    """A stored name that no version of this program has ever written."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no event is called {name!r}")
        self.name = name


def to_wire(event: Event) -> tuple[str, Wire]:
    """The stored name, and the fields as JSON values (times as RFC 3339 text in UTC)."""
    known = event_type(event)
    return known.name, cast(Wire, _plain(event))


def from_wire(name: str, wire: Mapping[str, Any]) -> Event:
    """The event behind a stored form of any age; raises `UnknownEvent`, or `ValueError` for fields that don't fit."""
    current = dict(wire)
    while name in UPCASTERS:
        name, current = UPCASTERS[name](current)
    try:
        known = EVENT_TYPES[name]
    except KeyError:
        raise UnknownEvent(name) from None
    try:
        for field, convert in _converters(known.cls):
            value = current[field]
            if value is not None:
                current[field] = convert(value)
        return cast(Event, known.cls(**current))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{name} does not hold what its fields ask for: {error}") from error


def schema_version(name: str) -> int:
    """The number at the end of a stored name; 0 for one that has none."""
    number = name.rpartition(".v")[2]
    return int(number) if number.isascii() and number.isdecimal() else 0


def stored_names(names: Iterable[str]) -> frozenset[str]:
    """The stored names under which events with these names may lie: these, and every older form.

    Which older form becomes which event shows only once it is brought up to date, so some of what lies there is another.
    """
    return frozenset(names).union(UPCASTERS)


class Chosen(dict[str, bool]):
    """Says of any stored name whether it is among some, or a version of one of them that this program doesn't know.

    What is newer than the program can't be read, but neither may it be passed over by whoever reads its kind.
    """

    def __init__(self, names: frozenset[str]) -> None:
        super().__init__()
        self._names = names
        self._stems = frozenset(map(_stem, names))

    def __missing__(self, name: str) -> bool:
        """Work it out, once."""
        unknown = name not in EVENT_TYPES and name not in UPCASTERS
        found = self[name] = name in self._names or (unknown and _stem(name) in self._stems)
        return found


@lru_cache(maxsize=256)
def chosen(names: frozenset[str]) -> Chosen:
    """The choice of these stored names; look names up in it."""
    return Chosen(names)


def _stem(name: str) -> str:
    return name.rpartition(".v")[0]


def is_erased(event: Event) -> bool:
    """Whether the key to an event's personal fields was destroyed: a text among them says so."""
    return any(isinstance(getattr(event, field), Erased) for field in event_type(event).personal)


def erased(known: EventType, wire: Mapping[str, Any]) -> Wire:
    """The wire form with its personal fields marked as erased."""
    hints = get_type_hints(known.cls)
    return {**wire, **{field: _nothing(hints[field]) for field in known.personal}}


def _nothing(hint: Any) -> Any:
    """What a field of that type holds when what it held is gone."""
    if hint is str:
        return ERASED
    return [] if get_origin(hint) is tuple else None


_Encode = Callable[[Any], Any]
_ENCODERS: dict[type, tuple[tuple[str, _Encode | None], ...]] = {}


def _plain(value: Any) -> Any:
    return {
        name: getattr(value, name) if encode is None else encode(getattr(value, name))
        for name, encode in _encoders(type(value))
    }


def _encoders(cls: type) -> tuple[tuple[str, _Encode | None], ...]:
    """The fields of a class, each with its way to what JSON holds, or None where it is that already (worked out once)."""
    found = _ENCODERS.get(cls)
    if found is None:
        hints = get_type_hints(cls)
        found = _ENCODERS[cls] = tuple((field.name, _encoder(hints[field.name])) for field in fields(cls))
    return found


def _encoder(hint: Any) -> _Encode | None:
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = (part for part in get_args(hint) if part is not type(None))
        encode = _encoder(hint)
        return None if encode is None else lambda value: None if value is None else encode(value)
    if hint is datetime:
        return _time
    if get_origin(hint) is tuple:
        item = _encoder(get_args(hint)[0])
        return list if item is None else lambda values: [item(value) for value in values]
    return _plain if is_dataclass(hint) else None


def _time(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")


_CONVERTERS: dict[type, tuple[tuple[str, Callable[[Any], Any]], ...]] = {}


def _converters(cls: type) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    """The fields of a class that JSON does not hold as they are, each with its way back (worked out once)."""
    found = _CONVERTERS.get(cls)
    if found is None:
        hints = get_type_hints(cls)
        pairs = ((field.name, _converter(hints[field.name])) for field in fields(cls))
        found = _CONVERTERS[cls] = tuple((name, convert) for name, convert in pairs if convert is not None)
    return found


def _converter(hint: Any) -> Callable[[Any], Any] | None:
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = (part for part in get_args(hint) if part is not type(None))
    if hint is datetime:
        return datetime.fromisoformat
    if get_origin(hint) is tuple:
        item = _converter(get_args(hint)[0])
        return tuple if item is None else lambda values: tuple(map(item, values))
    if is_dataclass(hint):
        return lambda wire: _build(cast(type, hint), wire)
    return None


def _build(cls: type, wire: Mapping[str, Any]) -> Any:
    converted = dict(wire)
    for field, convert in _converters(cls):
        if converted[field] is not None:
            converted[field] = convert(converted[field])
    return cls(**converted)
