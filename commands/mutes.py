"""Mutes: see less of someone, who is not told."""

from dataclasses import dataclass
from functools import partial

from commands.deciding import Part, Receipt, decide
from commands.ports import Deps
from commands.seeing import check_not_hidden
from domain import mutes
from domain.ids import MemberId
from domain.mutes import Mute


@dataclass(frozen=True, slots=True)
class MuteMember:
    """Keep someone out of one's feed and notifications."""

    muter_id: MemberId
    muted_id: MemberId


@dataclass(frozen=True, slots=True)
class UnmuteMember:
    """Take a mute back."""

    muter_id: MemberId
    muted_id: MemberId


async def mute_member(command: MuteMember, *, deps: Deps) -> Receipt[Mute]:
    """Nothing of them in the feed, from the next read on; all else stays as it is."""
    await check_not_hidden(deps, command.muter_id, command.muted_id)
    choose = partial(mutes.begin, muter=command.muter_id, muted=command.muted_id, at=deps.now())
    return await decide(deps, _part(command), choose)


async def unmute_member(command: UnmuteMember, *, deps: Deps) -> Receipt[Mute]:
    """What they published meanwhile is in the feed again too; it may be taken back from whoever blocks the caller."""
    choose = partial(mutes.end, muter=command.muter_id, muted=command.muted_id, at=deps.now())
    return await decide(deps, _part(command), choose)


def _part(command: MuteMember | UnmuteMember) -> Part[Mute]:
    return Part(mutes.stream(command.muter_id, command.muted_id), mutes.evolve, mutes.NONE)
