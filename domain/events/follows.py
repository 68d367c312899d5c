"""What happens between a member and those who follow them; home: the followed member."""

from datetime import datetime

from domain.events.catalogue import event
from domain.ids import MemberId


@event("follow.started.v1")
class MemberFollowed:
    """A member began to follow another."""

    at: datetime
    follower_id: MemberId
    followed_id: MemberId


@event("follow.ended.v1")
class MemberUnfollowed:
    """A member stopped following another, or was removed as a follower (`by` says who ended it)."""

    at: datetime
    follower_id: MemberId
    followed_id: MemberId
    by: MemberId


@event("follow.requested.v1")
class FollowRequested:
    """A member asked to follow a private account."""

    at: datetime
    follower_id: MemberId
    followed_id: MemberId


@event("follow.accepted.v1")
class FollowAccepted:
    """A private account accepted a request: the follower follows from now on."""

    at: datetime
    follower_id: MemberId
    followed_id: MemberId


@event("follow.request_ended.v1")
class FollowRequestEnded:
    """A request to follow was withdrawn by its author or declined by the other (`by` says who)."""

    at: datetime
    follower_id: MemberId
    followed_id: MemberId
    by: MemberId


@event("follow.barred.v1")
class FollowBarred:
    """A block reached the follows of a pair: this one can't begin while the block of `by` stands."""

    at: datetime
    follower_id: MemberId
    followed_id: MemberId
    by: MemberId
    block_version: int


@event("follow.unbarred.v1")
class FollowUnbarred:
    """The end of a block reached the follows of a pair: as far as `by` is concerned, this one may begin again."""

    at: datetime
    follower_id: MemberId
    followed_id: MemberId
    by: MemberId
    block_version: int


@event("follow.requests_settled.v1")
class RequestsSettled:
    """Everyone who had asked to follow a private account was let in after it was opened."""

    at: datetime
    member_id: MemberId
