"""Positions: how far a log has been written, or a reader has come."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """One event's place: its log, and its number there (rising, but sparse)."""

    log: int
    number: int


def furthest(positions: Iterable[Position]) -> dict[int, int]:
    """The highest number of each log."""
    reached: dict[int, int] = {}
    for position in positions:
        reached[position.log] = max(position.number, reached.get(position.log, 0))
    return reached


def merge(maps: Iterable[Mapping[int, int]]) -> dict[int, int]:
    """One map that covers all the given ones."""
    return furthest(Position(log, number) for positions in maps for log, number in positions.items())


def covers(reached: Mapping[int, int], wanted: Mapping[int, int]) -> bool:
    """Whether a reader that has reached these numbers has applied everything that is wanted."""
    return all(reached.get(log, 0) >= number for log, number in wanted.items())


def place_of(number: int) -> str:
    """A place in a log as text that sorts like its number."""
    return f"{number:019}"
