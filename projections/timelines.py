"""Timelines: the ids of everything that may stand in a member's home feed, written ahead of the read.

A photo and the follows of its author share one home, so the followers that this projection has at hand when a photo
comes by are exactly those of that moment, live and in a rebuild alike. What a viewer may see is decided at read;
rows of an ended follow stay, because they can show again.
"""

from collections.abc import Iterator

from domain.events import FollowAccepted, MemberFollowed, MemberUnfollowed, PhotoUploaded
from domain.ids import MemberId, PhotoId
from domain.recorded import Recorded
from projections.rows import Change, Drop, Look, Projection, Put, row


@row("timelines", key=("member_id", "photo_id"))
class TimelineRow:
    """A photo in a member's timeline."""

    member_id: MemberId
    photo_id: PhotoId
    owner_id: MemberId


@row("timeline_followers", key=("followed_id", "follower_id"))
class TimelineFollowerRow:
    """To whom a member's next photo goes."""

    followed_id: MemberId
    follower_id: MemberId


@row("timeline_photos", key=("owner_id", "photo_id"))
class TimelinePhotoRow:
    """What a new follower's timeline is filled with."""

    owner_id: MemberId
    photo_id: PhotoId


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """Fan a photo out to its author and their followers; fill a new follower's timeline from behind."""
    match fact.event:
        case PhotoUploaded(owner_id=owner, photo_id=photo):
            yield Put(TimelinePhotoRow(owner, photo))
            yield Put(TimelineRow(owner, photo, owner))
            for follower in look.list(TimelineFollowerRow, owner):
                yield Put(TimelineRow(follower.follower_id, photo, owner))
        case MemberFollowed() | FollowAccepted() as made:
            yield Put(TimelineFollowerRow(made.followed_id, made.follower_id))
            for known in look.list(TimelinePhotoRow, made.followed_id):
                yield Put(TimelineRow(made.follower_id, known.photo_id, made.followed_id))
        case MemberUnfollowed(followed_id=followed, follower_id=follower):
            yield Drop(TimelineFollowerRow, (followed, follower))


TIMELINES = Projection(
    name="timelines",
    version=1,
    handles=(PhotoUploaded, MemberFollowed, FollowAccepted, MemberUnfollowed),
    rows=(TimelineRow, TimelineFollowerRow, TimelinePhotoRow),
    project=project,
)
