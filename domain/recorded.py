"""A fact as it was recorded: the event, and where, when and why it came to be."""

from dataclasses import dataclass
from datetime import datetime

from domain.events import Event, event_type
from domain.positions import Position


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event with its envelope; `recorded_at` rises strictly within a log (microseconds, UTC)."""

    event: Event
    stream: str
    version: int
    position: Position
    event_id: str
    recorded_at: datetime
    trace_id: str
    causation_id: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for an event that this program can't decode: its stored name, and why not.

    Readers of the log meet it in its place, so that one of them holds up no other; commands never do.
    """

    name: str
    error: Exception
    at: datetime


def name_of(fact: Recorded) -> str:
    """The stored name of a fact's event, readable or not."""
    return fact.event.name if isinstance(fact.event, Unreadable) else event_type(fact.event).name
