"""Notifications: what each member is told of, grouped by kind and subject.

A member is told of mentions by their username (`@ana`), as that is all that the one who mentions them knows. Who is
muted or blocked, and what the member may not see any more, is decided at read.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from domain.events import (
    CommentEdited,
    CommentRemoved,
    CommentTakenDown,
    FollowAccepted,
    FollowRequested,
    FollowRequestEnded,
    MemberFollowed,
    MemberUnfollowed,
    NotificationsSeen,
    PhotoCommented,
    PhotoDescribed,
    PhotoErased,
    PhotoLiked,
    PhotoProcessed,
    PhotoUnliked,
    PhotoUploaded,
)
from domain.ids import MemberId
from domain.notifications import Kind
from domain.recorded import Recorded
from projections.rows import Change, Drop, Look, Projection, Put, row

Recipient: TypeAlias = str
"""A member's id, or `@` and a username."""


@row(
    "notices",
    key=("recipient", "kind", "subject"),
    orders=(("recipient", "at", "kind", "subject"),),
)
class NoticeRow:
    """That something came of one subject: first `since` then, last `at` that moment. Who it came from stands apart."""

    recipient: Recipient
    kind: str
    subject: str
    since: datetime
    at: datetime


@row("notice_actors", key=("notice", "source"), orders=(("notice", "at", "source"),))
class NoticeActorRow:
    """Who something came from (`source`: the comment, or whoever did it); gone with what they did."""

    notice: str
    source: str
    actor_id: MemberId
    at: datetime


@row("notice_mentions", key=("source",))
class MentionsRow:
    """Whom a comment or a photo mentions, so that it is known when they no longer are; told once it is `ready`."""

    source: str
    names: tuple[str, ...]
    ready: bool


@row("notices_seen", key=("member_id",))
class NoticesSeenRow:
    """Until when a member has seen what they were told."""

    member_id: MemberId
    until: datetime


def notice_of(recipient: Recipient, kind: str, subject: str) -> str:
    """The key under which the actors of a notice lie."""
    return f"{recipient}/{kind}/{subject}"


def mentioned(username: str) -> Recipient:
    """As whom a member is told of mentions."""
    return f"@{username}"


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """A row for each subject, and one for each who did something about it."""
    match fact.event:
        case PhotoLiked(photo_id=photo, owner_id=owner, member_id=member):
            yield from _tell(fact, look, owner, Kind.LIKE, photo, member, member)
        case PhotoUnliked(photo_id=photo, owner_id=owner, member_id=member):
            yield _untell(owner, Kind.LIKE, photo, member)
        case NotificationsSeen(member_id=member, until=until):
            yield Put(NoticesSeenRow(member, until))
        case PhotoCommented() | CommentEdited() | CommentRemoved() | CommentTakenDown():
            yield from _comments(fact, look)
        case PhotoUploaded() | PhotoProcessed() | PhotoDescribed() | PhotoErased():
            yield from _captions(fact, look)
        case _:
            yield from _follows(fact, look)


def _comments(fact: Recorded, look: Look) -> Iterator[Change]:
    match fact.event:
        case PhotoCommented(photo_id=photo, owner_id=owner, member_id=member, comment_id=comment) as made:
            yield from _tell(fact, look, owner, Kind.COMMENT, photo, comment, member)
            yield from _mention(fact, look, f"comments:{photo}", comment, member, made.mentions, ready=True)
        case CommentEdited(photo_id=photo, member_id=member, comment_id=comment, mentions=names):
            yield from _mention(fact, look, f"comments:{photo}", comment, member, names, ready=True)
        case CommentRemoved() | CommentTakenDown() as gone:
            photo, comment = gone.photo_id, gone.comment_id
            yield _untell(gone.owner_id, Kind.COMMENT, photo, comment)
            yield from _mention(fact, look, f"comments:{photo}", comment, gone.member_id, (), ready=True)
            yield Drop(MentionsRow, (comment,))


def _captions(fact: Recorded, look: Look) -> Iterator[Change]:
    match fact.event:
        case PhotoUploaded(photo_id=photo, mentions=names):
            if names:
                yield Put(MentionsRow(photo, tuple(dict.fromkeys(names)), ready=False))
        case PhotoProcessed(photo_id=photo, owner_id=owner):
            before = look.get(MentionsRow, photo)
            names = before.names if before else ()
            yield Put(MentionsRow(photo, names, ready=True))
            for name in names:
                yield from _tell(fact, look, mentioned(name), Kind.MENTION, f"photo:{photo}", photo, owner)
        case PhotoDescribed(photo_id=photo, owner_id=owner, mentions=names):
            before = look.get(MentionsRow, photo)
            ready = before is not None and before.ready
            yield from _mention(fact, look, f"photo:{photo}", photo, owner, names, ready=ready)
        case PhotoErased(photo_id=photo, owner_id=owner):
            yield from _mention(fact, look, f"photo:{photo}", photo, owner, (), ready=True)
            yield Drop(MentionsRow, (photo,))


def _follows(fact: Recorded, look: Look) -> Iterator[Change]:
    match fact.event:
        case MemberFollowed(follower_id=follower, followed_id=followed):
            yield from _tell(fact, look, followed, Kind.FOLLOW, followed, follower, follower)
        case FollowRequested(follower_id=follower, followed_id=followed):
            yield from _tell(fact, look, followed, Kind.FOLLOW_REQUEST, followed, follower, follower)
        case FollowAccepted(follower_id=follower, followed_id=followed):
            yield _untell(followed, Kind.FOLLOW_REQUEST, followed, follower)
            yield from _tell(fact, look, follower, Kind.FOLLOW_ACCEPTED, followed, followed, followed)
        case FollowRequestEnded(follower_id=follower, followed_id=followed):
            yield _untell(followed, Kind.FOLLOW_REQUEST, followed, follower)
        case MemberUnfollowed(follower_id=follower, followed_id=followed):
            yield _untell(followed, Kind.FOLLOW, followed, follower)
            yield _untell(follower, Kind.FOLLOW_ACCEPTED, followed, followed)


def _mention(
    fact: Recorded, look: Look, subject: str, source: str, actor: MemberId, names: tuple[str, ...], *, ready: bool
) -> Iterator[Change]:
    """Tell those who are mentioned now, and no longer those who were."""
    before = look.get(MentionsRow, source)
    known = before.names if before else ()
    now = tuple(dict.fromkeys(names))
    if before is not None or now:
        yield Put(MentionsRow(source, now, ready))
    for name in known:
        if name not in now:
            yield from _unmention(look, name, subject, source)
    for name in now if ready else ():
        if name not in known:
            yield from _tell(fact, look, mentioned(name), Kind.MENTION, subject, source, actor)


def _tell(
    fact: Recorded, look: Look, recipient: Recipient, kind: Kind, subject: str, source: str, actor: MemberId
) -> Iterator[Change]:
    """Nobody is told of what they did themselves."""
    if recipient == actor:
        return
    at = fact.recorded_at
    before = look.get(NoticeRow, recipient, kind, subject)
    yield Put(replace(before, at=at) if before else NoticeRow(recipient, kind, subject, at, at))
    yield Put(NoticeActorRow(notice_of(recipient, kind, subject), source, actor, at))


def _untell(recipient: Recipient, kind: Kind, subject: str, source: str) -> Change:
    return Drop(NoticeActorRow, (notice_of(recipient, kind, subject), source))


def _unmention(look: Look, name: str, subject: str, source: str) -> Iterator[Change]:
    """The notice is what the mentions that are left make it; with the last one goes the notice, which holds the name."""
    recipient = mentioned(name)
    yield _untell(recipient, Kind.MENTION, subject, source)
    key = (recipient, Kind.MENTION, subject)
    left = [each.at for each in look.list(NoticeActorRow, notice_of(*key)) if each.source != source]
    yield Put(NoticeRow(*key, min(left), max(left))) if left else Drop(NoticeRow, key)


NOTIFICATIONS = Projection(
    name="notifications",
    version=3,
    handles=(
        PhotoLiked,
        PhotoUnliked,
        PhotoCommented,
        CommentEdited,
        CommentRemoved,
        CommentTakenDown,
        PhotoUploaded,
        PhotoProcessed,
        PhotoDescribed,
        PhotoErased,
        MemberFollowed,
        FollowRequested,
        FollowAccepted,
        FollowRequestEnded,
        MemberUnfollowed,
        NotificationsSeen,
    ),
    rows=(NoticeRow, NoticeActorRow, MentionsRow, NoticesSeenRow),
    project=project,
)
