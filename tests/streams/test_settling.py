"""Settling: what a crash kept a command from doing at other homes is done, whatever holds it up for a while."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from commands.blocks import BlockMember, block_member
from commands.errors import Unavailable
from commands.follows import FollowMember, follow_member
from commands.members import ChangeProfile, change_profile
from infra.core import requests, settling
from streams.settling import Settling
from tests.api.inside import Inside, inside
from tests.commands.product import Overtaken, crash


@pytest.fixture
async def installation(tmp_path):
    async with inside(tmp_path / "data", logs=4) as made:
        yield made


@asynccontextmanager
async def running(reaction: Settling):
    task = asyncio.create_task(reaction.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def until(true, deadline_s=20.0):
    async with asyncio.timeout(deadline_s):
        while not await true():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


def quick(made: Inside, **more) -> Settling:
    return replace(settling(made.core), sweep_s=0.01, left=timedelta(0), **more)


async def unsettled(made: Inside):
    await made.level()
    found = made.core.queries.unsettled
    return [*await found.blocks(after=None, limit=9), *await found.openings(after=None, limit=9)]


async def test_follows_that_have_not_heard_of_a_block_hear_of_it(installation):
    made = installation
    ana, ben = [await made.member(name) for name in ("ana", "ben")]
    await made.call("ana", "PUT", "/members/ben/follow")
    dying = replace(made.core.deps, store=Overtaken(made.core.store, None, crash, crash, crash))
    await block_member(BlockMember(ana, ben), deps=dying)
    assert len(await unsettled(made)) == 1

    async def settled():
        return not await unsettled(made)

    async with running(quick(made)):
        await until(settled)
    assert (await made.get("ana", "/members/ana"))["counts"]["following"] == 0
    relation = (await made.core.queries.sight.relations(ana, [ben]))[ben]
    assert (relation.blocking, relation.following) == (True, False)


async def test_what_is_just_being_done_is_left_to_its_own_command(installation):
    made = installation
    ana, ben = [await made.member(name) for name in ("ana", "ben")]
    dying = replace(made.core.deps, store=Overtaken(made.core.store, None, crash, crash, crash))
    await block_member(BlockMember(ana, ben), deps=dying)
    (row,) = await unsettled(made)
    clock = {"now": row.since + timedelta(seconds=1)}
    looks = 0

    class Counted:
        async def blocks(self, *, after, limit):
            nonlocal looks
            looks += 1
            return await made.core.queries.unsettled.blocks(after=after, limit=limit)

        openings = made.core.queries.unsettled.openings

    async def looked():
        return looks > 5

    async def settled():
        return not await unsettled(made)

    reaction = replace(settling(made.core), sweep_s=0.01, now=lambda: clock["now"], unsettled=Counted())
    async with running(reaction):
        await until(looked)
        assert await unsettled(made)
        clock["now"] += timedelta(seconds=2)
        await until(settled)


async def test_who_asked_is_let_in_after_the_account_was_opened_and_the_process_died(installation):
    made = installation
    members = [await made.member(name) for name in ("ana", "ben", "cleo")]
    ana, deps = members[0], made.core.deps
    await change_profile(ChangeProfile(ana, private=True), deps=deps)
    for follower in members[1:]:
        await follow_member(FollowMember(follower, ana), deps=deps)
    await change_profile(ChangeProfile(ana, private=False), deps=deps)  # and nothing more happens: killed here

    async def accepted():
        await made.level()
        relations = await made.core.queries.sight.relations(ana, members[1:])
        return all(relation.followed_by for relation in relations.values())

    async with running(quick(made)):
        await until(accepted)
    assert len(await unsettled(made)) == 1  # until it is sure that nobody asks any more

    async def settled():
        return not await unsettled(made)

    async with running(quick(made, sure=timedelta(0))):
        await until(settled)
    assert await requests(made.core).of(ana, reached={}, most=9) == []


async def test_nobody_is_let_in_by_an_account_that_is_private_again(installation):
    made = installation
    ana, ben = [await made.member(name) for name in ("ana", "ben")]
    deps = made.core.deps
    for private in (True, False, True):
        await change_profile(ChangeProfile(ana, private=private), deps=deps)
    await follow_member(FollowMember(ben, ana), deps=deps)
    assert await unsettled(made) == []
    finish = settling(made.core).finish
    await made.level()
    assert await finish.accept_requests(ana, {}, 9) == 0
    await finish.settle_requests(ana)
    assert (await made.core.queries.sight.relations(ben, [ana]))[ana].requested


async def test_one_that_cannot_be_finished_holds_up_no_other_and_an_outage_passes(installation):
    made = installation
    ana, ben, cleo = [await made.member(name) for name in ("ana", "ben", "cleo")]
    for blocked in (ben, cleo):
        dying = replace(made.core.deps, store=Overtaken(made.core.store, None, crash, crash, crash))
        await block_member(BlockMember(ana, blocked), deps=dying)
    assert len(await unsettled(made)) == 2
    whole = quick(made)
    broken = {ben}

    async def settle(blocker, blocked):
        if blocked in broken:
            raise RuntimeError("torn film")
        await whole.finish.settle_block(blocker, blocked)

    class Away:
        """Rows that can't be read at first."""

        times = 3

        async def blocks(self, *, after, limit):
            if self.times:
                self.times -= 1
                raise Unavailable("the read store is down")
            return await made.core.queries.unsettled.blocks(after=after, limit=limit)

        openings = made.core.queries.unsettled.openings

    async def left(number):
        return len(await unsettled(made)) == number

    reaction = replace(whole, finish=replace(whole.finish, settle_block=settle), unsettled=Away())
    async with running(reaction):
        await until(lambda: left(1))
        broken.clear()
        await until(lambda: left(0))
