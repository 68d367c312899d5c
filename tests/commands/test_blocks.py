"""Blocks: hidden at once, ending follows both ways at their own homes, whatever crashes between."""

from dataclasses import replace

import pytest

from commands.blocks import BlockMember, SettleBlock, UnblockMember, block_member, settle_block, unblock_member
from commands.errors import Unavailable
from commands.mutes import MuteMember, UnmuteMember, mute_member, unmute_member
from domain import blocks, follows, mutes
from domain.errors import Invalid, NotFound
from domain.events import (
    BlockSettled,
    FollowBarred,
    FollowRequested,
    FollowRequestEnded,
    FollowUnbarred,
    MemberBlocked,
    MemberFollowed,
    MemberMuted,
    MemberUnblocked,
    MemberUnfollowed,
    MemberUnmuted,
)
from domain.follows import Following
from domain.ids import slot_of
from domain.visibility import Relation
from tests.commands.product import Down, Overtaken, crash


@pytest.fixture
async def pair(product):
    """Ana blocks, Ben is blocked."""
    return await product.members("ana", "ben")


async def kinds(product, stream):
    return [type(event) for event in await product.events(stream)]


async def relation(product, viewer, other):
    return (await product.sight.relations(viewer, [other]))[other]


async def test_a_block_ends_following_both_ways_each_at_its_home(product, pair):
    ana, ben = pair
    await product.befriend(ana, ben)
    receipt = await block_member(BlockMember(ana, ben), deps=product.deps)
    assert receipt.state.settled == receipt.state.version == 1
    assert await kinds(product, blocks.stream(ana, ben)) == [MemberBlocked, BlockSettled]
    for follower, followed in ((ana, ben), (ben, ana)):
        stream = follows.stream(followed, follower)
        assert await kinds(product, stream) == [MemberFollowed, MemberUnfollowed, FollowBarred]
        assert {fact.position.log for fact in await product.facts(stream)} == {slot_of(followed) % product.store.logs}
    assert await relation(product, ana, ben) == Relation(blocking=True)
    assert await relation(product, ben, ana) == Relation(blocked_by=True)
    heads = await product.heads()
    assert all(receipt.reached.get(log, 0) == heads[log] for log in receipt.reached)
    assert (await block_member(BlockMember(ana, ben), deps=product.deps)).recorded == ()
    assert await product.heads() == heads


async def test_a_block_withdraws_requests(product, pair):
    ana, ben = pair
    await product.go_private(ben)
    await product.follow(ana, ben)
    await block_member(BlockMember(ana, ben), deps=product.deps)
    assert await kinds(product, follows.stream(ben, ana)) == [FollowRequested, FollowRequestEnded, FollowBarred]
    assert await relation(product, ana, ben) == Relation(blocking=True)


async def test_neither_can_follow_until_every_block_is_taken_back_and_old_follows_stay_ended(product, pair):
    ana, ben = pair
    await product.befriend(ana, ben)
    await block_member(BlockMember(ana, ben), deps=product.deps)
    await block_member(BlockMember(ben, ana), deps=product.deps)
    for taken_back in ((ana, ben), (ben, ana)):
        for follower, followed in ((ana, ben), (ben, ana)):
            with pytest.raises(NotFound) as refusal:
                await product.follow(follower, followed)
            assert refusal.value.code == "member_not_found"
        await unblock_member(UnblockMember(*taken_back), deps=product.deps)
    assert await relation(product, ana, ben) == Relation()
    assert (await unblock_member(UnblockMember(ana, ben), deps=product.deps)).recorded == ()
    assert (await product.follow(ben, ana)).state.state is Following.YES


async def test_only_whoever_blocks_may_still_unfollow(product, pair):
    ana, ben = pair
    await block_member(BlockMember(ana, ben), deps=product.deps)
    assert (await product.unfollow(ana, ben)).state.state is Following.NO
    with pytest.raises(NotFound):
        await product.unfollow(ben, ana)
    await block_member(BlockMember(ben, ana), deps=product.deps)
    assert (await product.unfollow(ben, ana)).state.state is Following.NO


async def test_what_a_crash_leaves_is_finished_by_settling(product, pair):
    ana, ben = pair
    await product.befriend(ana, ben)
    dying = replace(product.deps, store=Overtaken(product.store, None, crash, crash, crash))
    receipt = await block_member(BlockMember(ana, ben), deps=dying)
    assert receipt.pending
    assert [type(fact.event) for fact in receipt.recorded] == [MemberBlocked]
    assert (await relation(product, ben, ana)).blocked_by
    with pytest.raises(NotFound):  # the record of the block itself speaks, though the follow has not heard of it
        await product.follow(ben, ana)
    await settle_block(SettleBlock(ana, ben), deps=product.deps)
    assert await kinds(product, blocks.stream(ana, ben)) == [MemberBlocked, BlockSettled]
    assert await relation(product, ana, ben) == Relation(blocking=True)
    heads = await product.heads()
    await settle_block(SettleBlock(ana, ben), deps=product.deps)
    assert await product.heads() == heads


async def test_a_block_that_was_taken_back_before_it_was_settled_has_ended_the_follows_all_the_same(product, pair):
    ana, ben = pair
    await product.befriend(ana, ben)
    dying = replace(product.deps, store=Overtaken(product.store, None, crash, crash, crash))
    await block_member(BlockMember(ana, ben), deps=dying)
    await unblock_member(UnblockMember(ana, ben), deps=product.deps)
    assert await relation(product, ana, ben) == Relation()
    await product.follow(ben, ana)
    await settle_block(SettleBlock(ana, ben), deps=product.deps)
    assert await relation(product, ben, ana) == Relation(following=True)
    expected = [MemberFollowed, MemberUnfollowed, FollowBarred, FollowUnbarred, MemberFollowed]
    assert await kinds(product, follows.stream(ana, ben)) == expected


async def test_a_block_that_cannot_be_settled_is_not_taken_back(product, pair):
    ana, ben = pair
    await product.befriend(ana, ben)
    dying = replace(product.deps, store=Overtaken(product.store, None, *[crash] * 9))
    await block_member(BlockMember(ana, ben), deps=dying)
    with pytest.raises(Unavailable):
        await unblock_member(UnblockMember(ana, ben), deps=dying)
    assert MemberUnblocked not in await kinds(product, blocks.stream(ana, ben))


async def test_an_end_that_the_follows_have_not_heard_of_is_settled_too(product, pair):
    ana, ben = pair
    await block_member(BlockMember(ana, ben), deps=product.deps)
    dying = replace(product.deps, store=Overtaken(product.store, None, crash, crash, crash))
    assert (await unblock_member(UnblockMember(ana, ben), deps=dying)).pending
    await settle_block(SettleBlock(ana, ben), deps=product.deps)
    assert (await product.follow(ben, ana)).state.state is Following.YES


async def test_with_the_read_store_down_the_effect_is_pending(product, pair):
    ana, ben = pair
    blind = replace(product.deps, immediate=Down())
    assert (await block_member(BlockMember(ana, ben), deps=blind)).pending
    assert (await mute_member(MuteMember(ana, ben), deps=blind)).pending


async def test_nobody_blocks_or_mutes_themselves(product, pair):
    ana, _ = pair
    with pytest.raises(Invalid):
        await block_member(BlockMember(ana, ana), deps=product.deps)
    with pytest.raises(Invalid):
        await mute_member(MuteMember(ana, ana), deps=product.deps)


async def test_a_mute_is_the_mutes_own_affair(product, pair):
    ana, ben = pair
    await product.follow(ana, ben)
    await mute_member(MuteMember(ana, ben), deps=product.deps)
    assert await relation(product, ana, ben) == Relation(following=True, muted=True)
    assert await relation(product, ben, ana) == Relation(followed_by=True)
    assert (await mute_member(MuteMember(ana, ben), deps=product.deps)).recorded == ()
    await block_member(BlockMember(ben, ana), deps=product.deps)
    assert await relation(product, ana, ben) == Relation(blocked_by=True, muted=True)
    with pytest.raises(NotFound):
        await mute_member(MuteMember(ana, ben), deps=product.deps)
    await unmute_member(UnmuteMember(ana, ben), deps=product.deps)
    assert (await unmute_member(UnmuteMember(ana, ben), deps=product.deps)).recorded == ()
    assert await kinds(product, mutes.stream(ana, ben)) == [MemberMuted, MemberUnmuted]
