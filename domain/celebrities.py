"""Celebrities: authors with so many followers that a photo is not written to each of them, but merged at read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.events import AuthorBecameCelebrity, AuthorCeasedCelebrity, Event
from domain.homes import Stream
from domain.ids import MemberId, slot_of


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From `up` followers on an author is a celebrity, and no longer below `down`: apart, so that none flutters."""

    up: int = 10_000
    down: int = 8_000

    def __post_init__(self) -> None:
        """Both have to be apart the right way round."""
        if not 0 < self.down <= self.up:
            raise ValueError(f"a celebrity of {self.up} followers can't cease to be one below {self.down}")


@dataclass(frozen=True, slots=True)
class Standing:
    """What an author is now."""

    celebrity: bool = False


PLAIN: Final = Standing()


def stream(author: MemberId) -> Stream:
    """With the author's photos and follows, so that all are in one order."""
    return Stream(f"celebrity-{author}", slot_of(author))


def evolve(standing: Standing, event: Event) -> Standing:
    """What one event changes."""
    match event:
        case AuthorBecameCelebrity():
            return Standing(celebrity=True)
        case AuthorCeasedCelebrity():
            return PLAIN
        case _:
            return standing


def review(standing: Standing, author: MemberId, followers: int, at: datetime, thresholds: Thresholds) -> list[Event]:
    """What so many followers make of an author; between the thresholds everything stays as it is."""
    if not standing.celebrity and followers >= thresholds.up:
        return [AuthorBecameCelebrity(at=at, member_id=author, followers=followers)]
    if standing.celebrity and followers < thresholds.down:
        return [AuthorCeasedCelebrity(at=at, member_id=author, followers=followers)]
    return []
