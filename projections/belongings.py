"""Belongings: what a member has to do with others' photos and lists, so that it can be found when they leave."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from domain.events import (
    CommentRemoved,
    CommentTakedownLifted,
    CommentTakenDown,
    FollowAccepted,
    FollowRequested,
    FollowRequestEnded,
    MemberFollowed,
    MemberUnfollowed,
    PhotoCommented,
    PhotoLiked,
    PhotoUnliked,
    UploadRequested,
)
from domain.ids import MemberId
from domain.recorded import Recorded
from projections.rows import Change, Drop, Look, Projection, Put, row


class Kind(StrEnum):
    """What it is: a like, a comment, a follow (or a request) of theirs, one by another, a file that was announced."""

    LIKE = "like"
    COMMENT = "comment"
    FOLLOWING = "following"
    FOLLOWER = "follower"
    UPLOAD = "upload"


@row("belongings", key=("member_id", "kind", "subject_id"))
class BelongingRow:
    """One thing: the photo liked, the comment, the other member, the upload; `owner_id` is the photo's."""

    member_id: MemberId
    kind: str
    subject_id: str
    owner_id: MemberId


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """A row while the thing is there."""
    del look
    match fact.event:
        case PhotoLiked(member_id=member, photo_id=photo, owner_id=owner):
            yield Put(BelongingRow(member, Kind.LIKE, photo, owner))
        case PhotoUnliked(member_id=member, photo_id=photo):
            yield Drop(BelongingRow, (member, Kind.LIKE, photo))
        case PhotoCommented() | CommentTakedownLifted() as made:
            yield Put(BelongingRow(made.member_id, Kind.COMMENT, made.comment_id, made.owner_id))
        case CommentRemoved() | CommentTakenDown() as gone:
            yield Drop(BelongingRow, (gone.member_id, Kind.COMMENT, gone.comment_id))
        case MemberFollowed() | FollowAccepted() | FollowRequested() as made:
            yield Put(BelongingRow(made.follower_id, Kind.FOLLOWING, made.followed_id, made.followed_id))
            yield Put(BelongingRow(made.followed_id, Kind.FOLLOWER, made.follower_id, made.followed_id))
        case MemberUnfollowed() | FollowRequestEnded() as ended:
            yield Drop(BelongingRow, (ended.follower_id, Kind.FOLLOWING, ended.followed_id))
            yield Drop(BelongingRow, (ended.followed_id, Kind.FOLLOWER, ended.follower_id))
        case UploadRequested(member_id=member, upload_id=upload):
            yield Put(BelongingRow(member, Kind.UPLOAD, upload, member))


BELONGINGS: Final = Projection(
    name="belongings",
    version=1,
    handles=(
        PhotoLiked,
        PhotoUnliked,
        PhotoCommented,
        CommentRemoved,
        CommentTakenDown,
        CommentTakedownLifted,
        MemberFollowed,
        FollowRequested,
        FollowAccepted,
        FollowRequestEnded,
        MemberUnfollowed,
        UploadRequested,
    ),
    rows=(BelongingRow,),
    project=project,
)
