"""Likes: who likes a photo."""

from collections.abc import Iterator
from datetime import datetime

from domain.events import PhotoLiked, PhotoUnliked
from domain.ids import MemberId, PhotoId
from domain.recorded import Recorded
from projections.rows import Change, Drop, Look, Projection, Put, row


@row("likes", key=("photo_id", "member_id"), orders=(("photo_id", "since", "member_id"),))
class LikeRow:
    """One member's like of a photo."""

    photo_id: PhotoId
    member_id: MemberId
    since: datetime


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """A row while the like stands."""
    del look
    match fact.event:
        case PhotoLiked(photo_id=photo, member_id=member):
            yield Put(LikeRow(photo, member, fact.recorded_at))
        case PhotoUnliked(photo_id=photo, member_id=member):
            yield Drop(LikeRow, (photo, member))


LIKES = Projection(name="likes", version=1, handles=(PhotoLiked, PhotoUnliked), rows=(LikeRow,), project=project)
