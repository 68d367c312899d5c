"""The port `ReadModels`, held against each adapter."""

import asyncio
from dataclasses import replace

import pytest

from domain.events import PhotoLiked, PhotoUnliked
from domain.likes import stream
from projections.counters import COUNTERS
from projections.likes import LIKES, LikeRow
from projections.rows import Tally, key_of
from projections.stores import Batch, Fed, NoLiveModelError, PoisonedError, RebuildRunningError, State
from streams.rebuild import rebuild, switch
from tests.contracts.read_models import every_adapter
from tests.projections.feeding import feed_all
from tests.streams.memory_log import START, MemoryLog
from tests.streams.poison import BAD, CHOKING, WORSE

pytestmark = every_adapter


@pytest.fixture
async def shown(adapter, request):
    async with adapter(request) as made:
        await made.level()
        await made.follower.stop()
        yield made


def like(log, photo, *members, undo=()):
    for member in members:
        at = stream(photo, member)
        made = [PhotoLiked(at=START, photo_id=photo, owner_id="owner", member_id=member)]
        if member in undo:
            made.append(PhotoUnliked(at=START, photo_id=photo, owner_id="owner", member_id=member))
        log.append(at.slot, at.name, *made)


async def state_of(models, model):
    return {status.model: status for status in await models.status()}[model]


async def members_of(models, model):
    return [row.member_id for row in await models.rows(model, LikeRow, after=None, limit=100)]


async def test_a_batch_counts_only_at_its_checkpoint(shown):
    log = MemoryLog()
    like(log, "photo", "ada", "bob", undo=["bob"])
    model = await shown.models.create(LIKES, State.BUILDING)
    first = Batch(0, 0, 4, log.facts[0][:2])
    assert await shown.models.feed(model, LIKES, Batch(0, 3, 9, log.facts[0]), park=True) is Fed.MISMATCH
    assert (await state_of(shown.models, model)).checkpoints == {}
    assert await shown.models.feed(model, LIKES, first, park=True) is Fed.APPLIED
    assert await shown.models.feed(model, LIKES, first, park=True) is Fed.MISMATCH
    assert await members_of(shown.models, model) == ["ada", "bob"]
    assert await shown.models.feed(model, LIKES, Batch(0, 4, 9, log.facts[0][2:]), park=True) is Fed.APPLIED
    assert await members_of(shown.models, model) == ["ada"]
    assert (await state_of(shown.models, model)).checkpoints == {0: 9}
    assert await shown.models.feed(model, LIKES, Batch(0, 9, 12, ()), park=True) is Fed.APPLIED
    assert (await state_of(shown.models, model)).checkpoints == {0: 12}


@pytest.mark.parametrize("member", [BAD, WORSE])
async def test_what_cannot_be_applied_is_parked_with_what_follows_in_its_stream(shown, member):
    log = MemoryLog()
    like(log, "photo", "ada", member, "bob", undo=[member])
    like(log, "other", "cid")
    model = await feed_all(shown.models, CHOKING, log, park=True, size=lambda: 3)
    assert sorted(await members_of(shown.models, model)) == ["ada", "bob", "cid"]
    first, behind = await shown.models.dead_letters(model, limit=10)
    assert (first.stream, first.event_name) == (stream("photo", member).name, "photo.liked.v1")
    assert first.trace
    assert (behind.event_name, behind.trace) == ("photo.unliked.v1", "")
    assert first.number < behind.number
    assert (await state_of(shown.models, model)).dead_letters == 2
    assert len(await shown.models.dead_letters(model, limit=1)) == 1


@pytest.mark.parametrize("member", [BAD, WORSE])
async def test_without_parking_poison_undoes_the_batch_and_is_named(shown, member):
    log = MemoryLog()
    like(log, "photo", "ada", member, "bob")
    model = await shown.models.create(CHOKING, State.BUILDING)
    batch = Batch(0, 0, log.heads()[0], log.facts[0])
    with pytest.raises(PoisonedError) as caught:
        await shown.models.feed(model, CHOKING, batch, park=False)
    assert (caught.value.model, caught.value.fact) == (model, log.facts[0][1])
    assert await members_of(shown.models, model) == []
    assert (await state_of(shown.models, model)).checkpoints == {}
    assert await shown.models.dead_letters(model, limit=10) == []


async def test_builds_count_up_and_no_number_comes_twice(shown):
    second = await shown.models.create(LIKES, State.BUILDING)
    await shown.models.drop(second)
    third = await shown.models.create(LIKES, State.READY)
    assert (second.build, third.build) == (2, 3)
    assert str(third) == "likes@3"
    with pytest.raises(ValueError, match="no build"):
        await shown.models.rows(second, LikeRow, after=None, limit=1)
    assert second not in {status.model for status in await shown.models.status()}


async def test_only_a_build_that_is_ready_or_retired_goes_live(shown):
    model = await shown.models.create(LIKES, State.BUILDING)
    with pytest.raises(ValueError, match="building"):
        await shown.models.switch(model)
    with pytest.raises(ValueError, match="switch"):
        await shown.models.mark(model, State.LIVE)
    await shown.models.mark(model, State.READY)
    await shown.models.switch(model)
    await shown.models.switch(model)
    states = {s.model.build: s.state for s in await shown.models.status() if s.model.projection == "likes"}
    assert states == {1: State.RETIRED, 2: State.LIVE}
    with pytest.raises(ValueError, match="live"):
        await shown.models.drop(model)


async def test_a_build_is_paused_and_resumed(shown):
    model = await shown.models.create(LIKES, State.READY)
    await shown.models.pause(model, paused=True)
    assert (await state_of(shown.models, model)).paused
    assert [status.model for status in await shown.models.status() if status.paused] == [model]
    await shown.models.pause(model, paused=False)
    assert not (await state_of(shown.models, model)).paused
    with pytest.raises(ValueError, match="no build"):
        await shown.models.pause(replace(model, build=99), paused=True)


async def test_without_a_live_build_reads_say_so(shown):
    (live,) = [s.model for s in await shown.models.status() if s.model.projection == "likes"]
    await shown.models.mark(live, State.STALE)
    with pytest.raises(NoLiveModelError):
        await shown.likes.liked("ada", ["photo"])
    with pytest.raises(NoLiveModelError):
        await shown.progress.reached(["likes"])


async def test_switch_rollback_and_drop_under_reads(shown):
    log = shown.log
    like(log, "photo", "ada", "bob", "cid")
    live = await rebuild(LIKES, log=log, models=shown.models)
    await switch(live, LIKES, log=log, models=shown.models)
    stop, read = asyncio.Event(), 0

    async def keep_reading():
        nonlocal read
        while not stop.is_set():
            assert len(await shown.likes.page("photo", before=None, limit=9)) == 3
            assert (await shown.progress.reached(["likes"])).positions == log.heads()
            read += 1

    async with asyncio.TaskGroup() as readers:
        for _ in range(3):
            readers.create_task(keep_reading())
        for turn in range(20):
            fresh = await rebuild(LIKES, log=log, models=shown.models)
            await switch(fresh, LIKES, log=log, models=shown.models)
            if turn % 2:
                await switch(live, LIKES, log=log, models=shown.models)
                await shown.models.drop(fresh)
            else:
                await shown.models.drop(live)
                live = fresh
        stop.set()
    assert read > 20


async def test_two_rebuilds_of_one_projection_exclude_each_other(shown):
    async with shown.models.rebuilding("likes"):
        with pytest.raises(RebuildRunningError):
            await rebuild(LIKES, log=shown.log, models=shown.models)
        async with shown.models.rebuilding("photos"):
            pass
    await rebuild(LIKES, log=shown.log, models=shown.models)


async def test_rows_page_in_the_order_of_the_key(shown):
    log = MemoryLog()
    like(log, "b", "ada", "bob")
    like(log, "a", "bob", "ada")
    model = await feed_all(shown.models, LIKES, log)
    seen, after = [], None
    while page := await shown.models.rows(model, LikeRow, after=after, limit=1):
        after = (page[0].photo_id, page[0].member_id)
        seen.append(after)
    assert seen == [("a", "ada"), ("a", "bob"), ("b", "ada"), ("b", "bob")]


async def test_rows_from_a_key_are_those_of_now_also_after_a_walk_that_was_broken_off(shown):
    log = MemoryLog()
    like(log, "a", "ada")
    like(log, "b", "ada")
    like(log, "c", "ada")
    model = await feed_all(shown.models, COUNTERS, log)
    first, second = await shown.models.rows(model, Tally, after=None, limit=2)
    assert (first.subject, first.count, second.subject, second.count) == ("a", 1, "b", 1)
    reached, before = log.heads()[0], len(log.facts[0])
    like(log, "b", "bob")
    batch = Batch(0, reached, log.heads()[0], log.facts[0][before:])
    assert await shown.models.feed(model, COUNTERS, batch, park=True) is Fed.APPLIED
    found = await shown.models.rows(model, Tally, after=key_of(first), limit=2)
    assert [(row.subject, row.count) for row in found] == [("b", 2), ("c", 1)]
