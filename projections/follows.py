"""Follows: who follows whom, from both sides, and who asks to."""

from collections.abc import Iterator
from datetime import datetime

from domain.events import FollowAccepted, FollowRequested, FollowRequestEnded, MemberFollowed, MemberUnfollowed
from domain.ids import MemberId
from domain.recorded import Recorded
from projections.rows import Change, Drop, Look, Projection, Put, row


@row("followers", key=("followed_id", "follower_id"), orders=(("followed_id", "since", "follower_id"),))
class FollowerRow:
    """One follower of a member."""

    followed_id: MemberId
    follower_id: MemberId
    since: datetime


@row("followings", key=("follower_id", "followed_id"), orders=(("follower_id", "since", "followed_id"),))
class FollowingRow:
    """One member whom a member follows."""

    follower_id: MemberId
    followed_id: MemberId
    since: datetime


@row("follow_requests", key=("followed_id", "follower_id"), orders=(("followed_id", "since", "follower_id"),))
class FollowRequestRow:
    """Someone who waits to be accepted by a private account."""

    followed_id: MemberId
    follower_id: MemberId
    since: datetime


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """Two rows a follow, so that either list is one range; all written from the followed member's home."""
    del look
    match fact.event:
        case MemberFollowed() | FollowAccepted() as made:
            yield Put(FollowerRow(made.followed_id, made.follower_id, fact.recorded_at))
            yield Put(FollowingRow(made.follower_id, made.followed_id, fact.recorded_at))
            yield Drop(FollowRequestRow, (made.followed_id, made.follower_id))
        case MemberUnfollowed() as ended:
            yield Drop(FollowerRow, (ended.followed_id, ended.follower_id))
            yield Drop(FollowingRow, (ended.follower_id, ended.followed_id))
        case FollowRequested() as asked:
            yield Put(FollowRequestRow(asked.followed_id, asked.follower_id, fact.recorded_at))
        case FollowRequestEnded() as ended:
            yield Drop(FollowRequestRow, (ended.followed_id, ended.follower_id))


FOLLOWS = Projection(
    name="follows",
    version=1,
    handles=(MemberFollowed, MemberUnfollowed, FollowRequested, FollowAccepted, FollowRequestEnded),
    rows=(FollowerRow, FollowingRow, FollowRequestRow),
    project=project,
)
