"""Trending: what photos were made of, counted under the hour and the day in which they were published.

A like counts one and a comment two, as `domain.ranking.interest` says. The photo's id tells when it was published, so
a count depends on its event alone, and within an hour or a day the photos can be read in the order of their counts.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol

from domain.events import (
    CommentRemoved,
    CommentTakedownLifted,
    CommentTakenDown,
    PhotoCommented,
    PhotoLiked,
    PhotoUnliked,
)
from domain.ids import PhotoId, time_of
from domain.ranking import interest
from domain.recorded import Recorded
from projections.analytics import day_of, hour_of
from projections.rows import Change, Count, Look, Projection, Tally

LIKE: Final = interest(1, 0)
COMMENT: Final = interest(0, 1)


class Stirred(NamedTuple):
    """A photo that was reacted to, and how much: also a place in the order by that, the newest first among equals."""

    interest: int
    photo_id: PhotoId


class Trending(Protocol):
    """The photos of hours and of days by what was made of them; who may see them is decided by who asks.

    Raises `projections.stores.NoLiveModelError` where counts are unknown now.
    """

    async def top(self, places: Mapping[str, Stirred | None], limit: int) -> Mapping[str, Sequence[Stirred]]:
        """For each span (an hour or a day) the photos behind a place; those that nobody reacted to are in none."""
        ...

    async def interest(self, photo_ids: Sequence[PhotoId]) -> Mapping[PhotoId, int]:
        """How much was made of each."""
        ...


def hours(start: datetime, end: datetime) -> list[str]:
    """The names of the hours that touch the time between, the newest first."""
    return _spans(start.replace(minute=0, second=0, microsecond=0), end, timedelta(hours=1), "hours")


def days(start: datetime, end: datetime) -> list[str]:
    """The names of the days that touch the time between, the newest first."""
    return _spans(start.replace(hour=0, minute=0, second=0, microsecond=0), end, timedelta(days=1), "days")


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """Added and taken away, in the photo's hour and on its day."""
    del look
    match fact.event:
        case PhotoLiked(photo_id=photo):
            by = LIKE
        case PhotoUnliked(photo_id=photo):
            by = -LIKE
        case PhotoCommented(photo_id=photo) | CommentTakedownLifted(photo_id=photo):
            by = COMMENT
        case CommentRemoved(photo_id=photo) | CommentTakenDown(photo_id=photo):
            by = -COMMENT
        case _:
            return
    published = time_of(photo)
    yield Count(hour_of(published), photo, by)
    yield Count(day_of(published), photo, by)


def _spans(first: datetime, end: datetime, step: timedelta, kind: str) -> list[str]:
    name = hour_of if kind == "hours" else day_of
    return [name(first + number * step) for number in reversed(range((end - first) // step + 1))]


TRENDING: Final = Projection(
    name="trending",
    version=1,
    handles=(PhotoLiked, PhotoUnliked, PhotoCommented, CommentRemoved, CommentTakenDown, CommentTakedownLifted),
    rows=(Tally,),
    project=project,
    ranked=True,
)
