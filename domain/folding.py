"""Folding: a stream's events, one after the other, into what is true now."""

from collections.abc import Callable, Iterable
from functools import reduce
from typing import TypeVar

from domain.events import Event

State = TypeVar("State")


def fold(evolve: Callable[[State, Event], State], start: State, events: Iterable[Event]) -> State:
    """The state after all the events."""
    return reduce(evolve, events, start)
