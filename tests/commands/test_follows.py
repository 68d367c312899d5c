"""Follows: at once or by request, ended by either of the two, and effective on the next read."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from commands.follows import EndFollow, FollowMember, end_follow, follow_member
from domain import follows
from domain.errors import Invalid, NotFound
from domain.events import FollowAccepted, FollowRequested, FollowRequestEnded, MemberFollowed, MemberUnfollowed
from domain.follows import Following
from domain.ids import new_id, slot_of
from domain.visibility import Relation
from tests.commands.product import Down, Overtaken
from tests.given import NOON


@pytest.fixture
async def pair(product):
    """Ana is followed, Ben follows."""
    return await product.members("ana", "ben")


async def kinds(product, followed, follower):
    return [type(event) for event in await product.events(follows.stream(followed, follower))]


async def relation(product, viewer, other):
    return (await product.sight.relations(viewer, [other]))[other]


async def test_a_public_account_is_followed_at_once_in_its_own_log(product, pair):
    ana, ben = pair
    receipt = await product.follow(ben, ana)
    (fact,) = receipt.recorded
    assert fact.event == MemberFollowed(at=NOON, follower_id=ben, followed_id=ana)
    assert fact.position.log == slot_of(ana) % product.store.logs
    assert receipt.state.state is Following.YES
    assert await relation(product, ben, ana) == Relation(following=True)
    assert await relation(product, ana, ben) == Relation(followed_by=True)
    again = await product.follow(ben, ana)
    assert (again.recorded, again.reached) == ((), receipt.reached)


async def test_a_private_account_is_asked_and_lets_in(product, pair):
    ana, ben = pair
    await product.go_private(ana)
    asked = await product.follow(ben, ana)
    assert asked.state.state is Following.REQUESTED
    assert await relation(product, ben, ana) == Relation(requested=True)
    assert (await product.follow(ben, ana)).recorded == ()
    let_in = await product.accept(ben, ana)
    assert let_in.state.state is Following.YES
    assert await relation(product, ben, ana) == Relation(following=True)
    assert (await product.accept(ben, ana)).recorded == ()
    assert await kinds(product, ana, ben) == [FollowRequested, FollowAccepted]


async def test_a_request_is_withdrawn_or_declined(product, pair):
    ana, ben = pair
    await product.go_private(ana)
    for by in (ben, ana):
        await product.follow(ben, ana)
        (fact,) = (await product.unfollow(ben, ana, by=by)).recorded
        assert fact.event == FollowRequestEnded(at=NOON, follower_id=ben, followed_id=ana, by=by)
        assert await relation(product, ben, ana) == Relation()
        with pytest.raises(NotFound) as refusal:
            await product.accept(ben, ana)
        assert refusal.value.code == "request_not_found"


async def test_a_follow_is_ended_by_the_follower_or_the_followed(product, pair):
    ana, ben = pair
    for by in (ben, ana):
        await product.follow(ben, ana)
        (fact,) = (await product.unfollow(ben, ana, by=by)).recorded
        assert fact.event == MemberUnfollowed(at=NOON, follower_id=ben, followed_id=ana, by=by)
        assert await relation(product, ben, ana) == Relation()
        before = await product.heads()
        assert (await product.unfollow(ben, ana, by=by)).recorded == ()
        assert await product.heads() == before


async def test_declining_never_removes_a_follower_and_removing_never_declines(product, pair):
    ana, ben = pair
    await product.go_private(ana)
    await product.follow(ben, ana)
    nothing = await product.unfollow(ben, ana, by=ana, only=Following.YES)
    assert (nothing.recorded, nothing.state.state) == ((), Following.REQUESTED)
    await product.accept(ben, ana)
    nothing = await product.unfollow(ben, ana, by=ana, only=Following.REQUESTED)
    assert (nothing.recorded, nothing.state.state) == ((), Following.YES)
    assert nothing.reached == (await product.follow(ben, ana)).reached
    removed = await product.unfollow(ben, ana, by=ana, only=Following.YES)
    assert removed.state.state is Following.NO
    await product.follow(ben, ana)
    declined = await product.unfollow(ben, ana, by=ana, only=Following.REQUESTED)
    assert [type(fact.event) for fact in declined.recorded] == [FollowRequestEnded]


async def test_declining_just_after_it_was_accepted_leaves_the_follower(product, pair):
    ana, ben = pair
    await product.go_private(ana)
    await product.follow(ben, ana)
    overtaken = replace(product.deps, store=Overtaken(product.store, partial(product.accept, ben, ana)))
    receipt = await end_follow(EndFollow(ben, ana, ana, Following.REQUESTED), deps=overtaken)
    assert (receipt.recorded, receipt.state.state) == ((), Following.YES)


async def test_a_request_becomes_a_follow_once_the_account_is_public(product, pair):
    ana, ben = pair
    await product.go_private(ana)
    await product.follow(ben, ana)
    await product.go_private(ana, private=False)
    assert (await product.follow(ben, ana)).state.state is Following.YES
    assert await kinds(product, ana, ben) == [FollowRequested, MemberFollowed]


async def test_a_follow_outlives_that_the_account_goes_private(product, pair):
    ana, ben = pair
    await product.follow(ben, ana)
    await product.go_private(ana)
    assert (await product.follow(ben, ana)).recorded == ()
    assert await relation(product, ben, ana) == Relation(following=True)


async def test_nobody_follows_themselves_or_someone_who_is_not_there(product, pair):
    ana, _ = pair
    with pytest.raises(Invalid) as refusal:
        await product.follow(ana, ana)
    assert refusal.value.code == "cannot_follow_self"
    for nobody in (new_id(3, NOON), "nobody"):
        with pytest.raises(NotFound):
            await product.follow(ana, nobody)
    assert await product.events(follows.stream(ana, ana)) == []


async def test_what_was_not_asked_is_not_accepted(product, pair):
    ana, ben = pair
    before = await product.heads()
    with pytest.raises(NotFound) as refusal:
        await product.accept(ben, ana)
    assert refusal.value.code == "request_not_found"
    assert await product.heads() == before


async def test_many_follow_at_once_and_each_follows_once(product, pair):
    ana, ben = pair
    await asyncio.gather(*(product.follow(ben, ana) for _ in range(10)), *(product.follow(ana, ben) for _ in range(10)))
    assert await kinds(product, ana, ben) == [MemberFollowed]
    assert await kinds(product, ben, ana) == [MemberFollowed]


async def test_with_the_read_store_down_an_unfollow_is_recorded_and_pending(product, pair):
    ana, ben = pair
    await product.follow(ben, ana)
    down = replace(product.deps, immediate=Down())
    receipt = await end_follow(EndFollow(ben, ana, ben), deps=down)
    assert receipt.pending
    assert receipt.state.state is Following.NO
    assert (await follow_member(FollowMember(ben, ana), deps=down)).pending
