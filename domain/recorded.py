"""A fact as it was recorded: the event, and where, when and why it came to be."""

from dataclasses import dataclass
from datetime import datetime

from domain.events import Event
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
