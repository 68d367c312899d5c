"""Blocks: one small stream for each ordered pair, at the home of the one who blocks.

A block reaches into both follows of the pair, whose homes are others'. So its changes are counted: a follow goes by the
highest count that it has heard of, and hears of them in any order and as often as may be.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from domain.errors import Invalid
from domain.events import BlockSettled, Event, MemberBlocked, MemberUnblocked
from domain.homes import Stream
from domain.ids import MemberId, slot_of


@dataclass(frozen=True, slots=True)
class Block:
    """What is true of an ordered pair now: `version` counts the changes, `settled` those that both follows know of."""

    standing: bool = False
    version: int = 0
    settled: int = 0


NONE: Final = Block()


def stream(blocker_id: MemberId, blocked_id: MemberId) -> Stream:
    """Where the pair is recorded: with the one who blocks."""
    return Stream(f"block-{blocker_id}-{blocked_id}", slot_of(blocker_id))


def evolve(block: Block, event: Event) -> Block:
    """What one event changes."""
    match event:
        case MemberBlocked() | MemberUnblocked():
            return replace(block, standing=isinstance(event, MemberBlocked), version=block.version + 1)
        case BlockSettled(block_version=version):
            return replace(block, settled=version)
        case _:
            return block


def begin(block: Block, blocker: MemberId, blocked: MemberId, at: datetime) -> list[Event]:
    """Block someone; blocking twice changes nothing."""
    if blocker == blocked:
        raise Invalid("cannot_block_self", "Members do not block themselves.")
    return [] if block.standing else [MemberBlocked(at=at, blocker_id=blocker, blocked_id=blocked)]


def end(block: Block, blocker: MemberId, blocked: MemberId, at: datetime) -> list[Event]:
    """Take a block back, if it stands."""
    return [MemberUnblocked(at=at, blocker_id=blocker, blocked_id=blocked)] if block.standing else []


def settle(block: Block, blocker: MemberId, blocked: MemberId, version: int, at: datetime) -> list[Event]:
    """Record that both follows know of the block as it stands, at that version; once, and not where it went on."""
    if version != block.version or block.settled == version:
        return []
    return [BlockSettled(at=at, blocker_id=blocker, blocked_id=blocked, block_version=version)]
