"""Visibility: the rows that the rule of `domain.visibility` reads.

The command handler applies them before it answers, and the live host applies them again to the same effect. So there
are no counts here, no look at other rows, and the later event always wins.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from domain.events import (
    AlbumAudienceChanged,
    AlbumCreated,
    AlbumRemoved,
    CommentRemoved,
    CommentTakedownLifted,
    CommentTakenDown,
    FollowAccepted,
    FollowRequested,
    FollowRequestEnded,
    MemberBlocked,
    MemberClosed,
    MemberFollowed,
    MemberMuted,
    MemberRegistered,
    MemberTakedownLifted,
    MemberTakenDown,
    MemberUnblocked,
    MemberUnfollowed,
    MemberUnmuted,
    MemberWentPrivate,
    MemberWentPublic,
    PhotoAudienceChanged,
    PhotoProcessed,
    PhotoRejected,
    PhotoRemoved,
    PhotoRestored,
    PhotoTakedownLifted,
    PhotoTakenDown,
    PhotoUploaded,
    SessionEnded,
    ShareCreated,
    ShareRevoked,
)
from domain.ids import AlbumId, CommentId, MemberId, PhotoId, SessionId, ShareId
from domain.recorded import Recorded
from domain.shares import ShareState
from domain.visibility import MemberState, PhotoState, Relation, Status
from projections.rows import Change, Drop, Look, Projection, Put, row

FOLLOWING: Final = "yes"
REQUESTED: Final = "requested"
OUT: Final = "out"
IN: Final = "in"


@row("photo_states", key=("photo_id",))
class PhotoStateRow:
    """Who may see a photo; whatever takes it down or lifts that says all of the rest too."""

    photo_id: PhotoId
    owner_id: MemberId
    status: str
    audience: str
    removed: bool = False
    taken_down: bool = False


@row("album_states", key=("album_id",))
class AlbumStateRow:
    """Who may see an album; no row once it is deleted."""

    album_id: AlbumId
    owner_id: MemberId
    audience: str


@row("share_states", key=("share_id",))
class ShareStateRow:
    """What opens a link; no row once it is taken back."""

    share_id: ShareId
    owner_id: MemberId
    subject: str
    expires_at: datetime | None
    password_hash: str
    show_metadata: bool


@row("member_states", key=("member_id",))
class MemberStateRow:
    """How an account stands; whatever closes it, takes it down or lifts that says all of the rest too."""

    member_id: MemberId
    private: bool = False
    closed: bool = False
    taken_down: bool = False


@row("follow_states", key=("follower_id", "followed_id"))
class FollowStateRow:
    """How one member stands to another: `yes` or `requested`; no row where neither."""

    follower_id: MemberId
    followed_id: MemberId
    state: str


@row("block_states", key=("member_id", "other_id", "way"))
class BlockStateRow:
    """A block as seen from each of the two: `way` is `out` for the one who blocks and `in` for the other."""

    member_id: MemberId
    other_id: MemberId
    way: str


@row("mute_states", key=("muter_id", "muted_id"))
class MuteStateRow:
    """A mute that stands."""

    muter_id: MemberId
    muted_id: MemberId


@row("gone_comments", key=("comment_id",))
class GoneCommentRow:
    """A comment that nobody sees any more, whether deleted or taken down."""

    comment_id: CommentId


@row("ended_sessions", key=("session_id",))
class EndedSessionRow:
    """A session whose tokens no longer count."""

    session_id: SessionId
    ended_at: datetime


def photo_state(found: PhotoStateRow) -> PhotoState:
    """A photo as the rule wants it."""
    return PhotoState(
        found.photo_id, found.owner_id, found.status, found.audience, found.removed, taken_down=found.taken_down
    )


def member_state(found: MemberStateRow) -> MemberState:
    """A member as the rule wants them."""
    return MemberState(found.member_id, found.private, closed=found.closed, taken_down=found.taken_down)


def share_state(row: ShareStateRow) -> ShareState:
    """What the rule for links needs to know of one."""
    return ShareState(
        row.share_id, row.owner_id, row.subject, row.expires_at, row.password_hash, show_metadata=row.show_metadata
    )


def relations_of(
    viewer: MemberId,
    others: Iterable[MemberId],
    *,
    follows: Iterable[FollowStateRow],
    blocks: Iterable[BlockStateRow],
    mutes: Iterable[MuteStateRow],
) -> dict[MemberId, Relation]:
    """How the viewer stands to each of the others, from all rows that tie them: blocks and mutes of the viewer's own."""
    states = {(tie.follower_id, tie.followed_id): tie.state for tie in follows}
    blocked = {(tie.other_id, tie.way) for tie in blocks}
    muted = {tie.muted_id for tie in mutes}
    return {
        other: Relation(
            following=states.get((viewer, other)) == FOLLOWING,
            followed_by=states.get((other, viewer)) == FOLLOWING,
            requested=states.get((viewer, other)) == REQUESTED,
            blocking=(other, OUT) in blocked,
            blocked_by=(other, IN) in blocked,
            muted=other in muted,
        )
        for other in others
    }


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """One row a photo, a member, a follow, a mute, an ended session or comment, and two a block."""
    del look
    match fact.event:
        case MemberRegistered(member_id=member) | MemberWentPublic(member_id=member):
            yield Put(MemberStateRow(member))
        case MemberWentPrivate(member_id=member):
            yield Put(MemberStateRow(member, private=True))
        case SessionEnded(session_id=session):
            yield Put(EndedSessionRow(session, fact.recorded_at))
        case CommentRemoved(comment_id=comment) | CommentTakenDown(comment_id=comment):
            yield Put(GoneCommentRow(comment))
        case CommentTakedownLifted(comment_id=comment):
            yield Drop(GoneCommentRow, (comment,))
        case _:
            yield from _standing(fact)
            yield from _relations(fact)
            yield from _photos(fact)
            yield from _albums(fact)
            yield from _shares(fact)


def _standing(fact: Recorded) -> Iterator[Change]:
    """A session's row under a member's id ends all of their sessions."""
    match fact.event:
        case MemberTakenDown(member_id=member, private=private):
            yield Put(MemberStateRow(member, private=private, taken_down=True))
            yield Put(EndedSessionRow(member, fact.recorded_at))
        case MemberTakedownLifted(member_id=member, private=private, closed=closed):
            yield Put(MemberStateRow(member, private=private, closed=closed))
            if not closed:
                yield Drop(EndedSessionRow, (member,))
        case MemberClosed(member_id=member, private=private, taken_down=taken_down):
            yield Put(MemberStateRow(member, private=private, closed=True, taken_down=taken_down))
            yield Put(EndedSessionRow(member, fact.recorded_at))


def _relations(fact: Recorded) -> Iterator[Change]:
    match fact.event:
        case MemberFollowed() | FollowAccepted() as made:
            yield Put(FollowStateRow(made.follower_id, made.followed_id, FOLLOWING))
        case FollowRequested() as asked:
            yield Put(FollowStateRow(asked.follower_id, asked.followed_id, REQUESTED))
        case MemberUnfollowed() | FollowRequestEnded() as ended:
            yield Drop(FollowStateRow, (ended.follower_id, ended.followed_id))
        case MemberBlocked(blocker_id=blocker, blocked_id=blocked):
            yield Put(BlockStateRow(blocker, blocked, OUT))
            yield Put(BlockStateRow(blocked, blocker, IN))
        case MemberUnblocked(blocker_id=blocker, blocked_id=blocked):
            yield Drop(BlockStateRow, (blocker, blocked, OUT))
            yield Drop(BlockStateRow, (blocked, blocker, IN))
        case MemberMuted(muter_id=muter, muted_id=muted):
            yield Put(MuteStateRow(muter, muted))
        case MemberUnmuted(muter_id=muter, muted_id=muted):
            yield Drop(MuteStateRow, (muter, muted))


def _photos(fact: Recorded) -> Iterator[Change]:
    match fact.event:
        case PhotoUploaded(photo_id=photo, owner_id=owner, audience=audience):
            yield Put(PhotoStateRow(photo, owner, Status.PROCESSING, audience))
        case PhotoProcessed(photo_id=photo, owner_id=owner, audience=audience):
            yield Put(PhotoStateRow(photo, owner, Status.READY, audience))
        case PhotoRejected(photo_id=photo, owner_id=owner, audience=audience):
            yield Put(PhotoStateRow(photo, owner, Status.REJECTED, audience))
        case PhotoAudienceChanged() | PhotoRestored() as change:
            yield Put(PhotoStateRow(change.photo_id, change.owner_id, change.status, change.audience))
        case PhotoTakenDown() as down:
            yield Put(PhotoStateRow(down.photo_id, down.owner_id, down.status, down.audience, taken_down=True))
        case PhotoTakedownLifted() as lifted:
            yield Put(PhotoStateRow(lifted.photo_id, lifted.owner_id, lifted.status, lifted.audience))
        case PhotoRemoved() as gone:
            yield Put(PhotoStateRow(gone.photo_id, gone.owner_id, gone.status, gone.audience, removed=True))


def _albums(fact: Recorded) -> Iterator[Change]:
    match fact.event:
        case AlbumCreated() | AlbumAudienceChanged() as made:
            yield Put(AlbumStateRow(made.album_id, made.owner_id, made.audience))
        case AlbumRemoved(album_id=album):
            yield Drop(AlbumStateRow, (album,))


def _shares(fact: Recorded) -> Iterator[Change]:
    match fact.event:
        case ShareCreated() as made:
            yield Put(
                ShareStateRow(
                    made.share_id,
                    made.owner_id,
                    made.subject,
                    made.expires_at,
                    made.password_hash,
                    show_metadata=made.show_metadata,
                )
            )
        case ShareRevoked(share_id=share):
            yield Drop(ShareStateRow, (share,))


VISIBILITY = Projection(
    name="visibility",
    version=2,
    handles=(
        MemberRegistered,
        MemberWentPrivate,
        MemberWentPublic,
        MemberFollowed,
        MemberUnfollowed,
        FollowRequested,
        FollowAccepted,
        FollowRequestEnded,
        MemberBlocked,
        MemberUnblocked,
        MemberMuted,
        MemberUnmuted,
        SessionEnded,
        CommentRemoved,
        PhotoUploaded,
        PhotoProcessed,
        PhotoRejected,
        PhotoAudienceChanged,
        PhotoRemoved,
        PhotoRestored,
        AlbumCreated,
        AlbumAudienceChanged,
        AlbumRemoved,
        ShareCreated,
        ShareRevoked,
        CommentTakedownLifted,
        CommentTakenDown,
        MemberClosed,
        MemberTakedownLifted,
        MemberTakenDown,
        PhotoTakedownLifted,
        PhotoTakenDown,
    ),
    rows=(
        PhotoStateRow,
        AlbumStateRow,
        ShareStateRow,
        MemberStateRow,
        FollowStateRow,
        BlockStateRow,
        MuteStateRow,
        GoneCommentRow,
        EndedSessionRow,
    ),
    project=project,
    last_writer_wins=True,
)
