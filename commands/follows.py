"""Follows: follow, unfollow, remove a follower, accept and decline requests, one by one or all at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from commands.deciding import Part, Receipt, decide, decide_together
from commands.members import member_part
from commands.ports import Deps, Requests
from commands.seeing import check_apart_by_neither, check_not_hidden
from domain import follows, members
from domain.events import Event
from domain.follows import Follow, Following
from domain.ids import MemberId
from domain.members import Member
from domain.positions import merge


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


@dataclass(frozen=True, slots=True)
class AcceptRequests:
    """Let everyone in who asked while an account was private, as far as the read models know of them.

    `reached` is where the log stands since the account was opened; requests before it are waited for. At most `most`
    are accepted in one go.
    """

    followed_id: MemberId
    reached: Mapping[int, int]
    most: int


async def follow_member(command: FollowMember, *, deps: Deps) -> Receipt[Follow]:
    """Follow at once; a private account is asked first."""
    follower, followed, at = command.follower_id, command.followed_id, deps.now()
    if follower != followed:
        await check_apart_by_neither(deps, follower, followed)

    def choose(states: tuple[Follow, Member]) -> Sequence[Sequence[Event]]:
        private = members.known_member(states[1]).private
        return follows.begin(states[0], follower, followed, at, private=private), ()

    part = follow_part(followed, follower)
    receipt = _of_follow(await decide_together(deps, (part, member_part(followed)), choose))
    if receipt.state.state != Following.REQUESTED:
        return receipt
    opened = await _accept_after_opening(follower, followed, deps)  # it may have been opened just before the request
    if not opened.recorded:
        return receipt
    return Receipt(
        opened.state,
        (*receipt.recorded, *opened.recorded),
        merge((receipt.reached, opened.reached)),
        pending=receipt.pending or opened.pending,
    )


async def end_follow(command: EndFollow, *, deps: Deps) -> Receipt[Follow]:
    """Nothing is left of the follow, from the next read on."""
    if command.by == command.follower_id:
        await check_not_hidden(deps, command.follower_id, command.followed_id)
    at = deps.now()

    def choose(follow: Follow) -> Sequence[Event]:
        if command.only is not None and follow.state != command.only:
            return []
        return follows.end(follow, command.follower_id, command.followed_id, command.by, at)

    return await decide(deps, follow_part(command.followed_id, command.follower_id), choose)


async def accept_follower(command: AcceptFollower, *, deps: Deps) -> Receipt[Follow]:
    """The one who asked follows from now on."""
    choose = partial(follows.accept, follower=command.follower_id, followed=command.followed_id, at=deps.now())
    return await decide(deps, follow_part(command.followed_id, command.follower_id), choose)


async def accept_requests(command: AcceptRequests, *, deps: Deps, requests: Requests) -> Receipt[int]:
    """How many were let in; the account may be private again meanwhile, and then nobody is."""
    asked = await requests.of(command.followed_id, reached=command.reached, most=command.most)
    accepted = [await _accept_after_opening(follower, command.followed_id, deps) for follower in asked]
    recorded = tuple(fact for each in accepted for fact in each.recorded)
    reached = merge(each.reached for each in accepted)
    return Receipt(len(recorded), recorded, reached, pending=any(each.pending for each in accepted))


def follow_part(followed_id: MemberId, follower_id: MemberId) -> Part[Follow]:
    """A follow as part of a decision."""
    return Part(follows.stream(followed_id, follower_id), follows.evolve, follows.APART)


async def _accept_after_opening(follower_id: MemberId, followed_id: MemberId, deps: Deps) -> Receipt[Follow]:
    """One who asked follows, if the account is open; both are looked at together, and the request must still stand."""
    at = deps.now()

    def choose(states: tuple[Follow, Member]) -> Sequence[Sequence[Event]]:
        return follows.accept_after_opening(states[0], states[1], follower_id, at), ()

    parts = follow_part(followed_id, follower_id), member_part(followed_id)
    return _of_follow(await decide_together(deps, parts, choose))


def _of_follow(receipt: Receipt[tuple[Follow, Member]]) -> Receipt[Follow]:
    return Receipt(receipt.state[0], receipt.recorded, receipt.reached, pending=receipt.pending)
