"""Follows: one small stream for each pair, at the home of the followed member."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.errors import Invalid, NotFound
from domain.events import (
    Event,
    FollowAccepted,
    FollowBarred,
    FollowRequested,
    FollowRequestEnded,
    FollowUnbarred,
    MemberFollowed,
    MemberUnfollowed,
)
from domain.homes import Stream
from domain.ids import MemberId, slot_of
from domain.members import Member


class Following(StrEnum):
    """How a follower stands to a member."""

    NO = "no"
    REQUESTED = "requested"
    YES = "yes"


@dataclass(frozen=True, slots=True)
class Bar:
    """How a block by one of the two stands, as far as the follow has heard: the last of its versions."""

    version: int = 0
    standing: bool = False


@dataclass(frozen=True, slots=True)
class Follow:
    """What is true of a pair now; `bars` holds what was heard of the blocks of either."""

    state: Following = Following.NO
    bars: Mapping[MemberId, Bar] = field(default_factory=dict)

    @property
    def barred(self) -> bool:
        """Whether a block keeps the follow from beginning."""
        return any(bar.standing for bar in self.bars.values())


APART: Final = Follow()


def stream(followed_id: MemberId, follower_id: MemberId) -> Stream:
    """Where the pair is recorded: with the followed member, so that follows and photos of an author are in one order."""
    return Stream(f"follow-{followed_id}-{follower_id}", slot_of(followed_id))


def evolve(follow: Follow, event: Event) -> Follow:
    """What one event changes."""
    match event:
        case MemberFollowed() | FollowAccepted():
            return replace(follow, state=Following.YES)
        case FollowRequested():
            return replace(follow, state=Following.REQUESTED)
        case MemberUnfollowed() | FollowRequestEnded():
            return replace(follow, state=Following.NO)
        case FollowBarred(by=by, block_version=version) | FollowUnbarred(by=by, block_version=version):
            bar = Bar(version, isinstance(event, FollowBarred))
            return replace(follow, bars={**follow.bars, by: bar})
        case _:
            return follow


def begin(follow: Follow, follower: MemberId, followed: MemberId, at: datetime, *, private: bool) -> list[Event]:
    """Follow at once, or ask where the account is private; what already stands is left alone."""
    if follower == followed:
        raise Invalid("cannot_follow_self", "Members do not follow themselves.")
    if follow.barred:
        raise NotFound("member_not_found", "There is no such member.")
    if follow.state == Following.YES or (follow.state == Following.REQUESTED and private):
        return []
    change = FollowRequested if private else MemberFollowed
    return [change(at=at, follower_id=follower, followed_id=followed)]


def end(follow: Follow, follower: MemberId, followed: MemberId, by: MemberId, at: datetime) -> list[Event]:
    """End a follow, or a request that was not answered yet; `by` is either of the two."""
    match follow.state:
        case Following.YES:
            return [MemberUnfollowed(at=at, follower_id=follower, followed_id=followed, by=by)]
        case Following.REQUESTED:
            return [FollowRequestEnded(at=at, follower_id=follower, followed_id=followed, by=by)]
        case _:
            return []


def accept_after_opening(follow: Follow, member: Member, follower: MemberId, at: datetime) -> list[Event]:
    """Let someone in who asked while the account was private, provided that it is open now."""
    if follow.state != Following.REQUESTED or member.private or not member.exists:
        return []
    return [FollowAccepted(at=at, follower_id=follower, followed_id=member.member_id)]


def accept(follow: Follow, follower: MemberId, followed: MemberId, at: datetime) -> list[Event]:
    """Let someone in who asked; accepting twice changes nothing."""
    match follow.state:
        case Following.REQUESTED:
            return [FollowAccepted(at=at, follower_id=follower, followed_id=followed)]
        case Following.YES:
            return []
        case _:
            raise NotFound("request_not_found", "There is no such request.")


def hear(
    follow: Follow, follower: MemberId, followed: MemberId, by: MemberId, version: int, at: datetime, *, standing: bool
) -> list[Event]:
    """Hear that a block by one of the two stands, or has ended; the follow ends with it, an older version is no news."""
    if version <= follow.bars.get(by, Bar()).version:
        return []
    change = FollowBarred if standing else FollowUnbarred
    heard = change(at=at, follower_id=follower, followed_id=followed, by=by, block_version=version)
    return [*(end(follow, follower, followed, by, at) if standing else ()), heard]
