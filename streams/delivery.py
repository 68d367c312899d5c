"""Delivery: whether a photo is written into a member's timeline, and by which fact; or merged in when it is read.

It is told from the events alone, as the projection `timelines` decides it; `held` asks that projection's own rows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.events import (
    AuthorBecameCelebrity,
    AuthorCeasedCelebrity,
    FollowAccepted,
    MemberFollowed,
    MemberUnfollowed,
    PhotoUploaded,
)
from domain.ids import MemberId, PhotoId, first_id, next_id
from domain.recorded import Recorded
from projections.ports import Timelines
from projections.timelines import STORED


@dataclass(frozen=True, slots=True)
class Delivery:
    """`written` is the fact that has the photo written into the timeline (None: no fact does).

    `celebrity` says that the owner is one, whose list is merged into feeds when they are read.
    """

    written: Recorded | None = None
    celebrity: bool = False


NOT_DELIVERED: Final = Delivery()


@dataclass(frozen=True, slots=True)
class Held:
    """What the live timelines hold: the photo's `row`, and whether the owner's fan-out is `unfinished`."""

    row: bool
    unfinished: bool


def delivery(viewer: MemberId, facts: Iterable[Recorded]) -> Delivery:
    """How a photo comes to the viewer, from the facts of the photo, the follow and the owner's being a celebrity.

    All of these lie in one log.
    """
    photo: PhotoUploaded | None = None
    written: Recorded | None = None
    following = celebrity = False
    for fact in sorted(facts, key=lambda each: each.position.number):
        reaches = False
        match fact.event:
            case PhotoUploaded(owner_id=owner) as photo:
                reaches = viewer == owner or (following and not celebrity)
            case MemberFollowed() | FollowAccepted():
                following = True
                reaches = not celebrity and _recent(photo, fact.recorded_at)
            case MemberUnfollowed():
                following = False
            case AuthorBecameCelebrity():
                celebrity = True
            case AuthorCeasedCelebrity():
                celebrity = False
                reaches = following and _recent(photo, fact.recorded_at)
        if reaches and written is None:
            written = fact
    return Delivery(written, celebrity)


def _recent(photo: PhotoUploaded | None, at: datetime) -> bool:
    """Whether a photo was published, and so lately that it is still written."""
    return photo is not None and photo.photo_id >= first_id(at - STORED)


async def held(timelines: Timelines, viewer: MemberId, owner: MemberId, photo: PhotoId) -> Held:
    """What the live timelines hold of a photo now; raises `NoLiveModelError` where there are none."""
    hot = await timelines.hot() - await timelines.celebrities()  # before the row: see the port
    rows = await timelines.page(viewer, before=next_id(photo), limit=1, oldest=photo)
    return Held(row=bool(rows), unfinished=owner in hot)
