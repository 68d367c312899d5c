"""What is shown of one thing, and what it was made from."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Shown:
    """A JSON body, and the versions of everything in it: equal versions mean an equal body."""

    body: dict[str, Any]
    version: tuple[Any, ...]


def bodies(items: Iterable[Shown]) -> list[dict[str, Any]]:
    """The bodies of several."""
    return [item.body for item in items]


def versions(items: Iterable[Shown]) -> list[tuple[Any, ...]]:
    """The versions of several."""
    return [item.version for item in items]
