"""Counters: exact tallies, because every recorded event is a change and every change is counted once."""

from collections.abc import Iterator
from enum import StrEnum

from domain.events import (
    CommentRemoved,
    CommentTakedownLifted,
    CommentTakenDown,
    FollowAccepted,
    MemberFollowed,
    MemberUnfollowed,
    PhotoAudienceChanged,
    PhotoCommented,
    PhotoLiked,
    PhotoProcessed,
    PhotoRemoved,
    PhotoRestored,
    PhotoTakedownLifted,
    PhotoTakenDown,
    PhotoUnliked,
    PhotoUploaded,
)
from domain.recorded import Recorded
from domain.visibility import Audience, Status
from projections.rows import Change, Count, Look, Projection, Tally


class Kind(StrEnum):
    """What is counted: of a photo its likes and comments, of a member the rest."""

    LIKES = "likes"
    COMMENTS = "comments"
    FOLLOWERS = "followers"
    FOLLOWING = "following"
    PHOTOS_PUBLIC = "photos.public"
    PHOTOS_FRIENDS = "photos.friends"
    PHOTOS_PRIVATE = "photos.private"
    PHOTOS_UNREADY = "photos.unready"


def photos_kind(status: str, audience: str) -> Kind:
    """Under which tally of its owner a photo counts: those not ready are for the owner alone."""
    if status != Status.READY:
        return Kind.PHOTOS_UNREADY
    return {
        Audience.PUBLIC: Kind.PHOTOS_PUBLIC,
        Audience.FRIENDS: Kind.PHOTOS_FRIENDS,
        Audience.PRIVATE: Kind.PHOTOS_PRIVATE,
    }[Audience(audience)]


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """Ones, added and taken away."""
    del look
    match fact.event:
        case PhotoLiked(photo_id=photo):
            yield Count(photo, Kind.LIKES, +1)
        case PhotoUnliked(photo_id=photo):
            yield Count(photo, Kind.LIKES, -1)
        case PhotoCommented(photo_id=photo) | CommentTakedownLifted(photo_id=photo):
            yield Count(photo, Kind.COMMENTS, +1)
        case CommentRemoved(photo_id=photo) | CommentTakenDown(photo_id=photo):
            yield Count(photo, Kind.COMMENTS, -1)
        case MemberFollowed() | FollowAccepted() as made:
            yield Count(made.followed_id, Kind.FOLLOWERS, +1)
            yield Count(made.follower_id, Kind.FOLLOWING, +1)
        case MemberUnfollowed() as ended:
            yield Count(ended.followed_id, Kind.FOLLOWERS, -1)
            yield Count(ended.follower_id, Kind.FOLLOWING, -1)
        case _:
            yield from _photos(fact)


def _photos(fact: Recorded) -> Iterator[Change]:
    match fact.event:
        case PhotoUploaded(owner_id=owner):
            yield Count(owner, Kind.PHOTOS_UNREADY, +1)
        case PhotoProcessed(owner_id=owner, audience=audience):
            yield Count(owner, Kind.PHOTOS_UNREADY, -1)
            yield Count(owner, photos_kind(Status.READY, audience), +1)
        case PhotoAudienceChanged(owner_id=owner, status=Status.READY, before=before, audience=audience):
            yield Count(owner, photos_kind(Status.READY, before), -1)
            yield Count(owner, photos_kind(Status.READY, audience), +1)
        case PhotoRemoved() | PhotoTakenDown() as gone:
            yield Count(gone.owner_id, photos_kind(gone.status, gone.audience), -1)
        case PhotoRestored() | PhotoTakedownLifted() as back:
            yield Count(back.owner_id, photos_kind(back.status, back.audience), +1)


COUNTERS = Projection(
    name="counters",
    version=2,
    handles=(
        PhotoLiked,
        PhotoUnliked,
        PhotoCommented,
        CommentRemoved,
        CommentTakedownLifted,
        CommentTakenDown,
        MemberFollowed,
        FollowAccepted,
        MemberUnfollowed,
        PhotoUploaded,
        PhotoProcessed,
        PhotoAudienceChanged,
        PhotoRemoved,
        PhotoRestored,
        PhotoTakedownLifted,
        PhotoTakenDown,
    ),
    rows=(Tally,),
    project=project,
)
