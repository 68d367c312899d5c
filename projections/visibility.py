"""Visibility: the rows that the rule of `domain.visibility` reads.

The command handler applies them before it answers, and the live host applies them again to the same effect. So there
are no counts here, no look at other rows, and the later event always wins.
"""

from collections.abc import Iterator
from datetime import datetime

from domain.events import (
    FollowAccepted,
    FollowRequested,
    FollowRequestEnded,
    MemberFollowed,
    MemberRegistered,
    MemberUnfollowed,
    MemberWentPrivate,
    MemberWentPublic,
    PhotoAudienceChanged,
    PhotoProcessed,
    PhotoRejected,
    PhotoRemoved,
    PhotoRestored,
    PhotoUploaded,
    SessionEnded,
)
from domain.ids import MemberId, PhotoId, SessionId
from domain.recorded import Recorded
from domain.visibility import Status
from projections.rows import Change, Drop, Look, Projection, Put, row


@row("photo_states", key=("photo_id",))
class PhotoStateRow:
    """Who may see a photo."""

    photo_id: PhotoId
    owner_id: MemberId
    status: str
    audience: str
    removed: bool


@row("member_states", key=("member_id",))
class MemberStateRow:
    """Whether an account is private."""

    member_id: MemberId
    private: bool


@row("follow_states", key=("follower_id", "followed_id"))
class FollowStateRow:
    """How one member stands to another: `yes` or `requested`; no row where neither."""

    follower_id: MemberId
    followed_id: MemberId
    state: str


@row("ended_sessions", key=("session_id",))
class EndedSessionRow:
    """A session whose tokens no longer count."""

    session_id: SessionId
    ended_at: datetime


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """One row a photo, a member, a follow, an ended session."""
    del look
    match fact.event:
        case MemberRegistered(member_id=member) | MemberWentPublic(member_id=member):
            yield Put(MemberStateRow(member, private=False))
        case MemberWentPrivate(member_id=member):
            yield Put(MemberStateRow(member, private=True))
        case MemberFollowed() | FollowAccepted() as made:
            yield Put(FollowStateRow(made.follower_id, made.followed_id, "yes"))
        case FollowRequested() as asked:
            yield Put(FollowStateRow(asked.follower_id, asked.followed_id, "requested"))
        case MemberUnfollowed() | FollowRequestEnded() as ended:
            yield Drop(FollowStateRow, (ended.follower_id, ended.followed_id))
        case SessionEnded(session_id=session):
            yield Put(EndedSessionRow(session, fact.recorded_at))
        case _:
            yield from _photos(fact)


def _photos(fact: Recorded) -> Iterator[Change]:
    match fact.event:
        case PhotoUploaded(photo_id=photo, owner_id=owner, audience=audience):
            yield Put(PhotoStateRow(photo, owner, Status.PROCESSING, audience, removed=False))
        case PhotoProcessed(photo_id=photo, owner_id=owner, audience=audience):
            yield Put(PhotoStateRow(photo, owner, Status.READY, audience, removed=False))
        case PhotoRejected(photo_id=photo, owner_id=owner, audience=audience):
            yield Put(PhotoStateRow(photo, owner, Status.REJECTED, audience, removed=False))
        case PhotoAudienceChanged() | PhotoRestored() as change:
            yield Put(PhotoStateRow(change.photo_id, change.owner_id, change.status, change.audience, removed=False))
        case PhotoRemoved() as gone:
            yield Put(PhotoStateRow(gone.photo_id, gone.owner_id, gone.status, gone.audience, removed=True))


VISIBILITY = Projection(
    name="visibility",
    version=1,
    handles=(
        MemberRegistered,
        MemberWentPrivate,
        MemberWentPublic,
        MemberFollowed,
        MemberUnfollowed,
        FollowRequested,
        FollowAccepted,
        FollowRequestEnded,
        SessionEnded,
        PhotoUploaded,
        PhotoProcessed,
        PhotoRejected,
        PhotoAudienceChanged,
        PhotoRemoved,
        PhotoRestored,
    ),
    rows=(PhotoStateRow, MemberStateRow, FollowStateRow, EndedSessionRow),
    project=project,
    last_writer_wins=True,
)
