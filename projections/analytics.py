"""Analytics: what happened in each hour and on each day, exact because every fact is counted once.

How many members were active is no sum: the same member may act in many logs. So each of them has one row for a day,
whoever writes it first, and their number is the number of the rows. That is a read model of its own, since counts and
rows lie in different stores.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.events import (
    CommentEdited,
    FollowRequested,
    MemberFollowed,
    MemberRegistered,
    PhotoCommented,
    PhotoLiked,
    PhotoUnliked,
    PhotoUploaded,
    SessionOpened,
    SessionRefreshed,
)
from domain.ids import MemberId
from domain.recorded import Recorded
from projections.rows import Change, Count, Look, Projection, Put, Tally, row


class Measure(StrEnum):
    """What is counted, as it was done: a like that is withdrawn later was still given."""

    UPLOADS = "uploads"
    LIKES = "likes"
    COMMENTS = "comments"


@row("active_members", key=("day", "member_id"))
class ActiveMemberRow:
    """A member who did something on a day (UTC)."""

    day: str
    member_id: MemberId


@dataclass(frozen=True, slots=True)
class Span:
    """An hour or a day of analytics."""

    name: str
    counts: Mapping[Measure, int]


class Analytics(Protocol):
    """What happened when."""

    async def tallies(self, spans: Sequence[str]) -> Sequence[Span]:
        """The counts of each hour or day that was asked for, zeros included, in the order asked."""
        ...


class Activity(Protocol):
    """Who did something when."""

    async def active(self, day: str) -> int:
        """How many members were active on a day."""
        ...


def hour_of(moment: datetime) -> str:
    """The name of an hour: `2026-11-20T13` (UTC)."""
    return f"{moment:%Y-%m-%dT%H}"


def day_of(moment: datetime) -> str:
    """The name of a day: `2026-11-20` (UTC)."""
    return f"{moment:%Y-%m-%d}"


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """One more in its hour, and on its day, by the time that the store stamped."""
    del look
    match fact.event:
        case PhotoUploaded():
            measure = Measure.UPLOADS
        case PhotoLiked():
            measure = Measure.LIKES
        case PhotoCommented():
            measure = Measure.COMMENTS
        case _:
            return
    yield Count(hour_of(fact.recorded_at), measure, +1)
    yield Count(day_of(fact.recorded_at), measure, +1)


def project_activity(fact: Recorded, look: Look) -> Iterator[Change]:
    """The same row however often, and from whichever log, a member does something on a day."""
    del look
    match fact.event:
        case PhotoUploaded(owner_id=member):
            yield Put(ActiveMemberRow(day_of(fact.recorded_at), member))
        case MemberFollowed(follower_id=member) | FollowRequested(follower_id=member):
            yield Put(ActiveMemberRow(day_of(fact.recorded_at), member))
        case (
            PhotoLiked(member_id=member)
            | PhotoUnliked(member_id=member)
            | PhotoCommented(member_id=member)
            | CommentEdited(member_id=member)
            | MemberRegistered(member_id=member)
            | SessionOpened(member_id=member)
            | SessionRefreshed(member_id=member)
        ):
            yield Put(ActiveMemberRow(day_of(fact.recorded_at), member))


ANALYTICS = Projection(
    name="analytics",
    version=1,
    handles=(PhotoUploaded, PhotoLiked, PhotoCommented),
    rows=(Tally,),
    project=project,
)

ACTIVITY = Projection(
    name="activity",
    version=1,
    handles=(
        PhotoUploaded,
        PhotoLiked,
        PhotoUnliked,
        PhotoCommented,
        CommentEdited,
        MemberFollowed,
        FollowRequested,
        MemberRegistered,
        SessionOpened,
        SessionRefreshed,
    ),
    rows=(ActiveMemberRow,),
    project=project_activity,
)
