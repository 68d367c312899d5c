"""Why a photo is, or is not, in a member's feed: decided from the events alone, by the rule that every read uses."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from domain import blocks, celebrities, follows, members, mutes, photos
from domain.events import Event, FollowAccepted, MemberFollowed, PhotoUploaded
from domain.folding import fold
from domain.follows import APART, Following
from domain.homes import Stream
from domain.ids import MemberId, PhotoId, is_id
from domain.members import NOBODY
from domain.photos import Photo
from domain.recorded import Recorded
from domain.visibility import (
    STRANGERS,
    Audience,
    MemberState,
    PhotoState,
    Relation,
    Status,
    belongs_in_feed,
    may_see_photo,
)
from streams.delivery import NOT_DELIVERED, Delivery, delivery
from streams.ports import EventLog

S = TypeVar("S")


class Rule(StrEnum):
    """What decides; the first three put a photo into a feed, the others keep it out."""

    OWN = "it is their own"
    FOLLOWED = "they follow its owner, and did when it was published"
    FOLLOWED_LATER = "they follow its owner, since after it was published"
    UNKNOWN = "there is no such photo"
    REMOVED = "it was removed"
    TAKEN_DOWN = "a moderator took it down"
    OWNER_TAKEN_DOWN = "a moderator took its owner's account down"
    CLOSED = "its owner's account is closed"
    NOT_FOLLOWING = "they do not follow its owner"
    REQUESTED = "they asked to follow its owner, who has not answered"
    BLOCKED = "they block its owner, or its owner blocks them"
    MUTED = "they mute its owner"
    PROCESSING = "it is still being developed"
    REJECTED = "its file could not be developed"
    FRIENDS_ONLY = "it is for friends, and its owner does not follow them back"
    PRIVATE = "it is for its owner alone"
    OTHER = "the visibility rule says otherwise"


_SHOWING = frozenset({Rule.OWN, Rule.FOLLOWED, Rule.FOLLOWED_LATER})


@dataclass(frozen=True, slots=True)
class Reason:
    """Whether a photo is in a feed, the rule that decides, and all events that the rule goes by, as they happened.

    `delivery` says how it comes to the viewer, where it does: what the rule keeps out may be written all the same.
    """

    shown: bool
    rule: Rule
    facts: tuple[Recorded, ...]
    owner: MemberId | None = None
    delivery: Delivery = NOT_DELIVERED


@dataclass(frozen=True, slots=True)
class _Case:
    """What is true of a viewer and a photo."""

    viewer: MemberId
    owner: MemberId
    photo: Photo
    member: MemberState
    relation: Relation
    followed_later: bool


@dataclass(frozen=True, slots=True)
class _Ties:
    """How a viewer stands to an owner, and the facts of the follow, the follow back, of blocks and mutes.

    `turns` are those of the owner's becoming a celebrity, and ceasing to be one.
    """

    relation: Relation = STRANGERS
    out: tuple[Recorded, ...] = ()
    back: tuple[Recorded, ...] = ()
    others: tuple[Recorded, ...] = ()
    turns: tuple[Recorded, ...] = ()


async def why(log: EventLog, viewer: MemberId, photo_id: PhotoId) -> Reason:
    """Whether the photo is in the viewer's feed as far as the log goes, and why; reads a few small streams."""
    of_photo = await _stream(log, photos.stream(photo_id)) if is_id(photo_id) else ()
    photo = _fold(photos.evolve, Photo(), of_photo)
    if photo.uploaded is None:
        return Reason(shown=False, rule=Rule.UNKNOWN, facts=())
    owner = photo.uploaded.owner_id
    of_owner = await _stream(log, members.stream(owner))
    ties = _Ties() if viewer == owner else await _ties(log, viewer, owner)
    relation, out = ties.relation, ties.out
    known = _fold(members.evolve, NOBODY, of_owner)
    member = MemberState(owner, known.private, closed=known.closed, taken_down=known.taken_down)
    case = _Case(viewer, owner, photo, member, relation, _followed_later(of_photo, out))
    removed = photo.removed_at is not None
    state = PhotoState(photo_id, owner, photo.status, photo.audience, removed, taken_down=photo.taken_down)
    seen = may_see_photo(viewer, state, member, relation)
    shown = seen and belongs_in_feed(viewer, state, relation)
    rule = _rule(case)
    back = ties.back if photo.audience is Audience.FRIENDS else ()
    turns = ties.turns if relation.following else ()
    relevant = (*of_photo, *out, *back, *turns, *ties.others, *(of_owner if member.gone else ()))
    facts = tuple(sorted(relevant, key=lambda fact: fact.recorded_at))
    came = delivery(viewer, (*of_photo, *out, *ties.turns))
    return Reason(shown, rule if (rule in _SHOWING) == shown else Rule.OTHER, facts, owner, came)


async def _ties(log: EventLog, viewer: MemberId, owner: MemberId) -> _Ties:
    """What lies between a viewer and an owner."""
    out = await _stream(log, follows.stream(owner, viewer))
    back = await _stream(log, follows.stream(viewer, owner))
    blocking = await _stream(log, blocks.stream(viewer, owner))
    blocked_by = await _stream(log, blocks.stream(owner, viewer))
    muting = await _stream(log, mutes.stream(viewer, owner))
    turns = await _stream(log, celebrities.stream(owner))
    towards, returned = (_fold(follows.evolve, APART, facts).state for facts in (out, back))
    relation = Relation(
        following=towards == Following.YES,
        followed_by=returned == Following.YES,
        requested=towards == Following.REQUESTED,
        blocking=_fold(blocks.evolve, blocks.NONE, blocking).standing,
        blocked_by=_fold(blocks.evolve, blocks.NONE, blocked_by).standing,
        muted=_fold(mutes.evolve, mutes.NONE, muting).standing,
    )
    return _Ties(relation, out, back, (*blocking, *blocked_by, *muting), turns)


def _rule(case: _Case) -> Rule:
    """The first rule that applies."""
    if (gone := _gone(case)) is not None:
        return gone
    if case.viewer == case.owner:
        return Rule.OWN
    if case.relation.apart:
        return Rule.BLOCKED
    if not case.relation.following:
        return Rule.REQUESTED if case.relation.requested else Rule.NOT_FOLLOWING
    if case.relation.muted:
        return Rule.MUTED
    match case.photo.status, case.photo.audience:
        case Status.PROCESSING, _:
            return Rule.PROCESSING
        case Status.REJECTED, _:
            return Rule.REJECTED
        case _, Audience.PRIVATE:
            return Rule.PRIVATE
        case _, Audience.FRIENDS if not case.relation.followed_by:
            return Rule.FRIENDS_ONLY
    return Rule.FOLLOWED_LATER if case.followed_later else Rule.FOLLOWED


def _gone(case: _Case) -> Rule | None:
    """What keeps a photo from everybody, its owner included."""
    if case.photo.removed_at is not None:
        return Rule.REMOVED
    if case.photo.taken_down:
        return Rule.TAKEN_DOWN
    if case.member.closed:
        return Rule.CLOSED
    return Rule.OWNER_TAKEN_DOWN if case.member.taken_down else None


def _followed_later(of_photo: Iterable[Recorded], of_follow: Iterable[Recorded]) -> bool:
    """Whether the follow that stands began after the photo was published; both lie in one log, in one order."""
    published = [fact.position for fact in of_photo if isinstance(fact.event, PhotoUploaded)]
    began = [fact.position for fact in of_follow if isinstance(fact.event, MemberFollowed | FollowAccepted)]
    return bool(published and began) and began[-1] > published[0]


async def _stream(log: EventLog, stream: Stream) -> tuple[Recorded, ...]:
    return await log.stream(stream.log(log.logs), stream.name)


def _fold(evolve: Callable[[S, Event], S], start: S, facts: Iterable[Recorded]) -> S:
    return fold(evolve, start, (fact.event for fact in facts))
