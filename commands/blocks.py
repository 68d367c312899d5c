"""Blocks: block, take it back, and let both follows of the pair hear of it, at their own homes.

The pair is hidden from each other with the block itself; the follows hear of it right after. What a crash leaves
between the two is finished by whoever settles the block later (see `streams.settling`): a block remembers up to which
of its changes the follows have heard, and they go by the highest one.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

from commands.deciding import Receipt, decide, look
from commands.errors import Conflict, Unavailable
from commands.follows import follow_part
from commands.ports import Deps
from commands.seeing import block_part
from domain import blocks, follows
from domain.blocks import Block
from domain.follows import Follow
from domain.ids import MemberId
from domain.positions import merge


@dataclass(frozen=True, slots=True)
class BlockMember:
    """Have nothing more to do with someone."""

    blocker_id: MemberId
    blocked_id: MemberId


@dataclass(frozen=True, slots=True)
class UnblockMember:
    """Take a block back."""

    blocker_id: MemberId
    blocked_id: MemberId


@dataclass(frozen=True, slots=True)
class SettleBlock:
    """Let both follows hear of a block, or its end, if they haven't."""

    blocker_id: MemberId
    blocked_id: MemberId


async def block_member(command: BlockMember, *, deps: Deps) -> Receipt[Block]:
    """Each is hidden from the other from the next read on, and following ends both ways."""
    choose = partial(blocks.begin, blocker=command.blocker_id, blocked=command.blocked_id, at=deps.now())
    receipt = await decide(deps, block_part(command.blocker_id, command.blocked_id), choose)
    return await _told(command, receipt, deps)


async def unblock_member(command: UnblockMember, *, deps: Deps) -> Receipt[Block]:
    """Each may see and follow the other again; what the block ended, even if no follow heard of it, stays ended."""
    part = block_part(command.blocker_id, command.blocked_id)
    before = await look(deps, part)
    if before.standing:
        await _tell(command, Receipt(before), deps)
    choose = partial(blocks.end, blocker=command.blocker_id, blocked=command.blocked_id, at=deps.now())
    return await _told(command, await decide(deps, part, choose), deps)


async def settle_block(command: SettleBlock, *, deps: Deps) -> Receipt[Block]:
    """Finish what another process left."""
    block = await look(deps, block_part(command.blocker_id, command.blocked_id))
    return await _tell(command, Receipt(block), deps)


_Pair = BlockMember | UnblockMember | SettleBlock


async def _told(pair: _Pair, receipt: Receipt[Block], deps: Deps) -> Receipt[Block]:
    """Tell the follows; where one can't be reached now, the block stands recorded and its effect there is pending."""
    try:
        return await _tell(pair, receipt, deps)
    except (Unavailable, Conflict):
        return Receipt(receipt.state, receipt.recorded, receipt.reached, pending=True)


async def _tell(pair: _Pair, receipt: Receipt[Block], deps: Deps) -> Receipt[Block]:
    """Both follows hear of the block as it stands, and the block remembers it."""
    block = receipt.state
    if block.settled >= block.version:
        return receipt
    at = deps.now()

    async def hear(follower: MemberId, followed: MemberId) -> Receipt[Follow]:
        choose = partial(
            follows.hear,
            follower=follower,
            followed=followed,
            by=pair.blocker_id,
            version=block.version,
            at=at,
            standing=block.standing,
        )
        return await decide(deps, follow_part(followed, follower), choose)

    heard = [await hear(pair.blocker_id, pair.blocked_id), await hear(pair.blocked_id, pair.blocker_id)]
    choose = partial(blocks.settle, blocker=pair.blocker_id, blocked=pair.blocked_id, version=block.version, at=at)
    settled = await decide(deps, block_part(pair.blocker_id, pair.blocked_id), choose)
    told: tuple[Receipt[Any], ...] = (receipt, *heard, settled)
    return Receipt(
        settled.state,
        tuple(fact for each in told for fact in each.recorded),
        merge(each.reached for each in told),
        pending=any(each.pending for each in told),
    )
