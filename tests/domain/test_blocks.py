"""Blocks: they begin and end, and count their changes."""

from domain import blocks
from domain.blocks import NONE, Block, evolve
from domain.errors import Invalid
from domain.events import BlockSettled, MemberBlocked, MemberUnblocked
from domain.homes import Stream
from domain.ids import slot_of
from tests.given import ANA, BEN, NOON, Given

PAIR = {"blocker_id": ANA, "blocked_id": BEN}
blocked = MemberBlocked(at=NOON, **PAIR)
unblocked = MemberUnblocked(at=NOON, **PAIR)


def settled(version):
    return BlockSettled(at=NOON, block_version=version, **PAIR)


def given(*events):
    return Given(evolve, NONE, events)


def test_a_block_begins_once_and_ends_once():
    begun = given().when(blocks.begin, ANA, BEN, NOON).then(blocked)
    begun.when(blocks.begin, ANA, BEN, NOON).then_nothing()
    ended = begun.when(blocks.end, ANA, BEN, NOON).then(unblocked)
    ended.when(blocks.end, ANA, BEN, NOON).then_nothing()
    ended.when(blocks.begin, ANA, BEN, NOON).then(blocked)


def test_nobody_blocks_themselves():
    given().when(blocks.begin, ANA, ANA, NOON).then_refused("cannot_block_self", Invalid)


def test_changes_are_counted_and_settling_is_not_one():
    assert given(blocked, settled(1), unblocked).state == Block(standing=False, version=2, settled=1)


def test_it_is_settled_once_and_only_as_it_stands():
    given(blocked).when(blocks.settle, ANA, BEN, 1, NOON).then(settled(1))
    given(blocked, settled(1)).when(blocks.settle, ANA, BEN, 1, NOON).then_nothing()
    given(blocked, unblocked).when(blocks.settle, ANA, BEN, 1, NOON).then_nothing()


def test_it_lies_with_the_one_who_blocks():
    assert blocks.stream(ANA, BEN) == Stream(f"block-{ANA}-{BEN}", slot_of(ANA))
