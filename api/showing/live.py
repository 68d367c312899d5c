"""What one fact means to one member, live: a photo to look at, or gone; something they are told of; a count."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from api.ports import Reads
from domain.events import (
    CommentRemoved,
    CommentTakedownLifted,
    CommentTakenDown,
    FollowAccepted,
    FollowRequested,
    MemberFollowed,
    PhotoAudienceChanged,
    PhotoCommented,
    PhotoLiked,
    PhotoProcessed,
    PhotoRemoved,
    PhotoRestored,
    PhotoTakedownLifted,
    PhotoTakenDown,
    PhotoUnliked,
)
from domain.ids import MemberId, PhotoId
from domain.notifications import Kind as Told
from domain.recorded import Recorded
from domain.visibility import STRANGERS, MemberState, Relation, belongs_in_feed, may_see_member, may_see_photo
from projections.counters import Kind
from projections.profiles import ProfileRow


class Part(IntEnum):
    """What a fact may mean, in the order in which it is told."""

    PHOTO = 1
    NOTIFICATION = 2
    COUNT = 3


@dataclass(frozen=True, slots=True)
class News:
    """One thing to tell: its place among those of the same fact, its kind, and what is said."""

    part: Part
    kind: str
    data: dict[str, Any]


async def news_of(reads: Reads, me: ProfileRow, fact: Recorded) -> AsyncIterator[News]:
    """What the member is told of a fact, at most one thing for each `Part`."""
    match fact.event:
        case (
            PhotoProcessed()
            | PhotoRestored()
            | PhotoAudienceChanged()
            | PhotoTakedownLifted()
            | PhotoRemoved()
            | PhotoTakenDown()
        ) as change:
            shown = await _photo(reads, me, change.photo_id, change.owner_id)
            if shown is not None:
                kind = "photo" if shown else "removed"
                yield News(Part.PHOTO, kind, {"photo_id": change.photo_id, "owner_id": change.owner_id})
        case _:
            pass
    told = await _told(reads, me, fact)
    if told is not None:
        yield News(Part.NOTIFICATION, "notification", told)
    match fact.event:
        case (
            PhotoLiked()
            | PhotoUnliked()
            | PhotoCommented()
            | CommentRemoved()
            | CommentTakenDown()
            | CommentTakedownLifted()
        ) as counted:
            if counted.owner_id == me.member_id:
                yield News(Part.COUNT, "count", await _counts(reads, counted.photo_id))
        case _:
            pass


async def _photo(reads: Reads, me: ProfileRow, photo_id: PhotoId, owner_id: MemberId) -> bool | None:
    """Whether a photo that belongs in the member's feed can be seen by them now; None for one that does not belong."""
    state = (await reads.sight.photos([photo_id])).get(photo_id)
    if state is None:
        return None
    relation = await _relation(reads, me.member_id, owner_id)
    if not belongs_in_feed(me.member_id, state, relation):
        return None
    owner = (await reads.sight.members([owner_id])).get(owner_id, MemberState(owner_id))
    return may_see_photo(me.member_id, state, owner, relation)


async def _told(reads: Reads, me: ProfileRow, fact: Recorded) -> dict[str, Any] | None:
    found = await _notification(reads, me, fact)
    if found is None:
        return None
    kind, actor, photo_id = found
    if actor == me.member_id:
        return None
    relation = await _relation(reads, me.member_id, actor)
    state = (await reads.sight.members([actor])).get(actor, MemberState(actor))
    if relation.muted or not may_see_member(me.member_id, state, relation):
        return None
    if photo_id is not None and not await _sees(reads, me.member_id, photo_id):
        return None
    return {"kind": kind, "actor_id": actor, "photo_id": photo_id}


async def _notification(reads: Reads, me: ProfileRow, fact: Recorded) -> tuple[Told, MemberId, PhotoId | None] | None:
    mine = me.member_id
    match fact.event:
        case PhotoLiked(owner_id=owner, member_id=actor, photo_id=photo) if owner == mine:
            return Told.LIKE, actor, photo
        case PhotoCommented(owner_id=owner, member_id=actor, photo_id=photo) if owner == mine:
            return Told.COMMENT, actor, photo
        case PhotoCommented(mentions=names, member_id=actor, photo_id=photo) if me.username in names:
            return Told.MENTION, actor, photo
        case PhotoProcessed(photo_id=photo, owner_id=actor) if actor != mine:
            row = (await reads.photos.by_ids([photo])).get(photo)
            return (Told.MENTION, actor, photo) if row is not None and me.username in row.mentions else None
        case MemberFollowed(followed_id=followed, follower_id=actor) if followed == mine:
            return Told.FOLLOW, actor, None
        case FollowRequested(followed_id=followed, follower_id=actor) if followed == mine:
            return Told.FOLLOW_REQUEST, actor, None
        case FollowAccepted(follower_id=follower, followed_id=actor) if follower == mine:
            return Told.FOLLOW_ACCEPTED, actor, None
        case _:
            return None


async def _sees(reads: Reads, me: MemberId, photo_id: PhotoId) -> bool:
    state = (await reads.sight.photos([photo_id])).get(photo_id)
    if state is None:
        return False
    owner = (await reads.sight.members([state.owner_id])).get(state.owner_id, MemberState(state.owner_id))
    return may_see_photo(me, state, owner, await _relation(reads, me, state.owner_id))


async def _relation(reads: Reads, me: MemberId, other: MemberId) -> Relation:
    return STRANGERS if me == other else (await reads.sight.relations(me, [other]))[other]


async def _counts(reads: Reads, photo_id: PhotoId) -> dict[str, Any]:
    found = await reads.counters.read([photo_id], (Kind.LIKES, Kind.COMMENTS))
    likes, comments = found[photo_id, Kind.LIKES], found[photo_id, Kind.COMMENTS]
    return {"photo_id": photo_id, "counts": {"likes": likes, "comments": comments}}
