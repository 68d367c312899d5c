"""The embedded host: it keeps level, comes back after everything, and lets nothing hold up the rest."""

import asyncio
from dataclasses import replace

import pytest

from domain.events import PhotoLiked
from domain.likes import stream
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.progress import SqliteProgress
from projections.catalogue import CATALOGUE
from projections.likes import LIKES
from projections.stores import NoLiveModelError, State
from streams.following import Follower, prepare
from streams.rebuild import rebuild, switch
from streams.verifying import verify
from tests.projections.feeding import sqlite_models
from tests.projections.histories import World
from tests.streams.memory_log import START, MemoryLog
from tests.streams.poison import BAD, CHOKING

NAMES = [projection.name for projection in CATALOGUE]
LIVELY = [("join", 0, 0, 0), ("follow", 0, 1, 0), ("upload", 0, 0, 1), ("process", 0, 1, 1), ("like", 1, 0, 0)] * 20


def like(log, *members):
    for member in members:
        at = stream("photo", member)
        log.append(at.slot, at.name, PhotoLiked(at=START, photo_id="photo", owner_id="o", member_id=member))


async def until(true):
    async with asyncio.timeout(20):
        while not await true():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


async def level(models, log, names=NAMES):
    assert await SqliteProgress(models, log).wait(names, log.heads(), timeout_s=20)


@pytest.mark.parametrize("logs", [1, 4])
async def test_all_builds_keep_level_and_equal_a_rebuild(tmp_path, logs):
    log = MemoryLog(logs)
    world, fed = World(log), set()
    async with sqlite_models(tmp_path) as models:
        follower = Follower(log, models, CATALOGUE, on_fed=lambda model, _: fed.add(model.projection), poll_s=60)
        await follower.start()
        for step in LIVELY:
            world.live(step)
        await level(models, log)
        world.live(*LIVELY)
        await level(models, log)
        assert fed == set(NAMES)
        assert not follower.failing
        for projection in CATALOGUE:
            built = await rebuild(projection, log=log, models=models)
            (live,) = [s.model for s in await models.status() if s.model == replace(built, build=1)]
            assert (await verify(projection, live, built, models=models)).equal
        await follower.stop()


async def test_a_restarted_follower_goes_on_where_it_was(tmp_path):
    log = MemoryLog()
    world = World(log)
    for _ in range(3):
        world.live(*LIVELY)
        async with sqlite_models(tmp_path) as models:
            follower = Follower(log, models, CATALOGUE)
            await follower.start()
            await level(models, log, ["counters"])
            await follower.stop()
    async with sqlite_models(tmp_path) as models:
        follower = Follower(log, models, CATALOGUE)
        await follower.start()
        await level(models, log)
        assert len(await models.status()) == len(CATALOGUE)
        for projection in CATALOGUE:
            built = await rebuild(projection, log=log, models=models)
            assert (await verify(projection, replace(built, build=1), built, models=models)).equal
        await follower.stop()


async def test_two_followers_do_not_count_twice(tmp_path):
    log = MemoryLog()
    async with sqlite_models(tmp_path) as one, sqlite_models(tmp_path) as other:
        followers = [Follower(log, models, CATALOGUE, poll_s=0.05) for models in (one, other)]
        for follower in followers:
            await follower.start()
        for step in LIVELY:
            World(log).live(step)
            await asyncio.sleep(0)
        await level(one, log)
        await level(other, log)
        for projection in CATALOGUE:
            built = await rebuild(projection, log=log, models=one)
            assert (await verify(projection, replace(built, build=1), built, models=one)).equal
        for follower in followers:
            assert not follower.failing
            await follower.stop()


async def test_a_new_build_is_fed_once_it_is_ready_and_a_dropped_one_no_more(tmp_path):
    log = MemoryLog()
    async with sqlite_models(tmp_path) as models:
        follower = Follower(log, models, CATALOGUE, poll_s=0.01)
        await follower.start()
        like(log, "ada")
        built = await rebuild(LIKES, log=log, models=models)
        like(log, "bob")

        async def both_level():
            standing = [s for s in await models.status() if s.model.projection == "likes"]
            return len(standing) == 2 and all(s.checkpoints == log.heads() for s in standing)

        await until(both_level)
        await switch(built, LIKES, log=log, models=models)
        await models.drop(replace(built, build=1))
        like(log, "cid")
        await level(models, log)

        async def one_task():
            return not follower.failing and len(follower._tasks) == len(CATALOGUE)

        await until(one_task)
        await follower.stop()


async def test_a_poisoned_stream_is_parked_and_the_rest_flows(tmp_path):
    log = MemoryLog()
    async with sqlite_models(tmp_path, [CHOKING]) as models:
        follower = Follower(log, models, [CHOKING])
        await follower.start()
        like(log, "ada", BAD, "bob")
        await level(models, log, ["likes"])
        (status,) = await models.status()
        assert status.dead_letters == 1
        assert not follower.failing
        await follower.stop()


async def test_what_fails_is_said_and_tried_again_and_holds_up_nothing_else(tmp_path):
    log = MemoryLog()
    async with sqlite_models(tmp_path) as models:
        await prepare(models, CATALOGUE, log=log)
        path = models.path_of((await models.status())[0].model)
        broken = path.stem.split("@")[0]
        follower = Follower(log, FailsAtFirst(models, broken, 2), CATALOGUE, poll_s=0.01)
        await follower.start()
        like(log, "ada")
        await level(models, log, [name for name in NAMES if name != broken])

        async def said():
            return f"{broken}@1" in follower.failing

        await until(said)
        await level(models, log)

        async def well():
            return not follower.failing

        await until(well)
        await follower.stop()


class FailsAtFirst:
    """Read models on a disk that is full for a while."""

    def __init__(self, models: SqliteReadModels, name: str, times: int) -> None:
        self.models, self.name, self.times = models, name, times

    def __getattr__(self, name):
        return getattr(self.models, name)

    async def feed(self, model, projection, batch, *, park):
        if model.projection == self.name and self.times:
            self.times -= 1
            raise OSError("no space left")
        return await self.models.feed(model, projection, batch, park=park)


async def test_older_code_is_set_aside_and_a_ready_build_of_this_code_takes_over(tmp_path):
    log = MemoryLog()
    newer = replace(LIKES, version=2)
    like(log, "ada")
    async with sqlite_models(tmp_path, [LIKES]) as models:
        await prepare(models, [LIKES], log=log)
        await prepare(models, [newer], log=log)
        assert [status.state for status in await models.status()] == [State.STALE]
        with pytest.raises(NoLiveModelError):
            await SqliteProgress(models, log).reached(["likes"])
        built = await rebuild(newer, log=log, models=models)
        await prepare(models, [newer], log=log)
        assert [status.state for status in await models.status()] == [State.STALE, State.LIVE]
        await prepare(models, [LIKES], log=log)
        assert [status.state for status in await models.status()] == [State.STALE, State.LIVE]
        assert built.build == 2


async def test_a_paused_build_stands_still_until_it_is_resumed(tmp_path):
    log = MemoryLog()
    async with sqlite_models(tmp_path) as models:
        follower = Follower(log, models, [LIKES], poll_s=0.01)
        await follower.start()
        like(log, "ada")
        await level(models, log, ["likes"])
        (status,) = await models.status()
        await models.pause(status.model, paused=True)
        await until(lambda: _no_task(follower))
        like(log, "bob")
        assert [(s.state, s.paused, s.checkpoints) for s in await models.status()] == [
            (State.LIVE, True, status.checkpoints)
        ]
        await models.pause(status.model, paused=False)
        await level(models, log, ["likes"])
        await follower.stop()
    async with sqlite_models(tmp_path) as models:
        await models.pause(status.model, paused=True)
    async with sqlite_models(tmp_path) as models:
        assert [s.paused for s in await models.status()] == [True]
        with pytest.raises(ValueError, match="no build"):
            await models.pause(replace(status.model, build=9), paused=True)


async def _no_task(follower):
    return not follower._tasks


class Deaf(MemoryLog):
    """Takes the first cancellation of each wait for its own affair, as drivers now and then do."""

    def __init__(self, logs):
        super().__init__(logs)
        self.swallowed = 0

    async def wait(self, after, timeout):  # noqa: ASYNC109 - the port's word
        try:
            return await super().wait(after, timeout)
        except asyncio.CancelledError:
            self.swallowed += 1
            if self.swallowed > 1:
                raise
            return False


async def test_it_ends_although_a_cancellation_was_swallowed(tmp_path):
    log = Deaf(1)
    World(log).live(*LIVELY)
    async with sqlite_models(tmp_path, (LIKES,)) as models:
        follower = Follower(log, models, (LIKES,), poll_s=60)
        await follower.start()
        await level(models, log, [LIKES.name])
        async with asyncio.timeout(20):
            await follower.stop()
    assert log.swallowed == 2
