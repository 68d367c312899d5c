"""Follows: follow, unfollow, remove a follower, accept and decline requests."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from commands.deciding import Part, Receipt, decide, look
from commands.members import member_part
from commands.ports import Deps
from domain import follows, members
from domain.events import Event
from domain.follows import Follow, Following
from domain.ids import MemberId


@dataclass(frozen=True, slots=True)
class FollowMember:
    """Follow someone, or ask to."""

    follower_id: MemberId
    followed_id: MemberId


@dataclass(frozen=True, slots=True)
class EndFollow:
    """End a follow or a request; `by` is the follower (unfollow, withdraw) or the followed (remove, decline).

    With `only`, what stands otherwise is left alone: declining never removes a follower.
    """

    follower_id: MemberId
    followed_id: MemberId
    by: MemberId
    only: Following | None = None


@dataclass(frozen=True, slots=True)
class AcceptFollower:
    """Let someone in who asked."""

    follower_id: MemberId
    followed_id: MemberId


async def follow_member(command: FollowMember, *, deps: Deps) -> Receipt[Follow]:
    """Follow at once; a private account is asked first."""
    followed = members.known_member(await look(deps, member_part(command.followed_id)))
    choose = partial(
        follows.begin,
        follower=command.follower_id,
        followed=command.followed_id,
        at=deps.now(),
        private=followed.private,
    )
    return await decide(deps, _part(command.followed_id, command.follower_id), choose)


async def end_follow(command: EndFollow, *, deps: Deps) -> Receipt[Follow]:
    """Nothing is left of the follow, from the next read on."""
    at = deps.now()

    def choose(follow: Follow) -> Sequence[Event]:
        if command.only is not None and follow.state != command.only:
            return []
        return follows.end(follow, command.follower_id, command.followed_id, command.by, at)

    return await decide(deps, _part(command.followed_id, command.follower_id), choose)


async def accept_follower(command: AcceptFollower, *, deps: Deps) -> Receipt[Follow]:
    """The one who asked follows from now on."""
    choose = partial(follows.accept, follower=command.follower_id, followed=command.followed_id, at=deps.now())
    return await decide(deps, _part(command.followed_id, command.follower_id), choose)


def _part(followed_id: MemberId, follower_id: MemberId) -> Part[Follow]:
    return Part(follows.stream(followed_id, follower_id), follows.evolve, follows.APART)
