"""The shapes of what operators watch and analysts read."""

from typing import Any, Literal

from pydantic import BaseModel


class Build(BaseModel):
    """One build of a read model; `version` counts the builds of its projection.

    `position` has the last applied number of each log. What can't be told at the moment is null: all of a build whose
    store is away, and the rate (events a second) of one that was not seen before.
    """

    projection: str
    version: int
    code_version: int
    state: Literal["live", "building", "ready", "retired", "stale"]
    paused: bool
    reachable: bool
    position: dict[str, int]
    lag_events: int | None
    lag_ms: int | None
    rate: float | None
    dead_letters: int | None


class Builds(BaseModel):
    """Every build of every read model."""

    items: list[Build]
    next_cursor: None


class EventLine(BaseModel):
    """One event; personal fields are null, and so is the data of an event that this version can't read."""

    position: str
    event_type: str
    schema_version: int
    stream: str
    recorded_at: str
    data: dict[str, Any] | None
