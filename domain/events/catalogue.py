"""The catalogue of events: each a frozen dataclass with a stable stored name and one sentence of meaning."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar, cast, dataclass_transform


class Event(Protocol):
    """Any fact of the catalogue; `at` is when it happened by the deciding process's clock (UTC)."""

    @property
    def at(self) -> datetime:
        """When it happened."""
        ...


@dataclass(frozen=True, slots=True)
class EventType:
    """What the catalogue knows of an event class.

    `subject` names the field with the member whose key encrypts the `personal` fields.
    """

    name: str
    cls: type
    subject: str | None
    personal: tuple[str, ...]


EVENT_TYPES: dict[str, EventType] = {}
_BY_CLASS: dict[type, EventType] = {}

_Class = TypeVar("_Class", bound=type)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def event(name: str, *, subject: str | None = None, personal: tuple[str, ...] = ()) -> Callable[[_Class], _Class]:
    """Enter a class into the catalogue under its stored name (`noun.verbed.vN`, never renamed)."""

    def enter(cls: _Class) -> _Class:
        made: _Class = cast(_Class, dataclass(frozen=True, slots=True, kw_only=True)(cast(type, cls)))
        if name in EVENT_TYPES:
            raise ValueError(f"two events are called {name}")
        if personal and subject is None:
            raise ValueError(f"{name} has personal fields, but names no subject to encrypt them for")
        known = EventType(name=name, cls=made, subject=subject, personal=personal)
        EVENT_TYPES[name] = _BY_CLASS[made] = known
        return made

    return enter


def event_type(event: Event | type) -> EventType:
    """The catalogue's entry of an event or of its class."""
    return _BY_CLASS[event if isinstance(event, type) else type(event)]
