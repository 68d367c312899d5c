"""A projection's code is changed to count differently: from the version bump to switched, beside a server of old code."""

from dataclasses import replace

from domain.events import PhotoCommented
from projections.counters import COUNTERS, Kind
from projections.rows import Count
from projections.stores import State
from streams.following import Follower, prepare
from streams.proving import prove
from streams.rebuild import rebuild
from streams.verifying import dump
from tests.projections.feeding import sqlite_models
from tests.projections.histories import World
from tests.streams.memory_log import MemoryLog

STEPS = [("join", 0, 0, 0), ("upload", 1, 0, 0), ("like", 2, 3, 0), ("comment", 1, 2, 0), ("like", 1, 0, 0)] * 20


def twice(fact, look):
    """Comments count double: what a change of meaning may be."""
    for change in COUNTERS.project(fact, look):
        doubled = isinstance(fact.event, PhotoCommented) and change.kind == Kind.COMMENTS
        yield Count(change.subject, change.kind, 2 * change.by) if doubled else change


CHANGED = replace(COUNTERS, version=COUNTERS.version + 1, project=twice)


async def following(log, models, projection):
    follower = Follower(log, models, [projection], poll_s=0.01)
    await follower.start()
    return follower


async def level(log, models, model):
    while True:
        (reached,) = [each.checkpoints for each in await models.status() if each.model == model]
        if all(reached.get(log_, 0) >= head for log_, head in log.heads().items()):
            return
        await log.wait(log.heads(), 0.01)


async def states(models):
    return {each.model.build: each.state for each in await models.status()}


async def test_new_code_is_rebuilt_beside_the_old_server_and_takes_its_place_at_the_restart(tmp_path):
    world = World(MemoryLog(2)).live(*STEPS)
    log = world.log
    async with sqlite_models(tmp_path) as models:
        old = await following(log, models, COUNTERS)
        (live,) = [each.model for each in await models.status()]
        await level(log, models, live)

        fresh = await rebuild(CHANGED, log=log, models=models)
        verdict = await prove(CHANGED, live, fresh, log=log, models=models)
        assert {each.one.kind for each in verdict.differences if each.one} == {Kind.COMMENTS}
        assert all(each.other.count == 2 * each.one.count for each in verdict.differences)
        assert await states(models) == {1: State.LIVE, 2: State.READY}

        world.live(("comment", 1, 2, 0), ("like", 0, 1, 0))  # the old server goes on, and only it feeds its build
        await level(log, models, live)
        before = await dump(COUNTERS, live, models=models)
        await prove(CHANGED, live, fresh, log=log, models=models)
        assert await dump(COUNTERS, live, models=models) == before
        await old.stop()

        world.live(("comment", 2, 2, 0), ("comment", 2, 1, 0))
        await prepare(models, [CHANGED], log=log)  # what a start of the new code does
        assert await states(models) == {1: State.STALE, 2: State.LIVE}
        shown = {(row.subject, row.kind): row.count for row in await dump(CHANGED, fresh, models=models)}
        again = await rebuild(CHANGED, log=log, models=models)
        assert shown == {(row.subject, row.kind): row.count for row in await dump(CHANGED, again, models=models)}


async def test_without_a_rebuild_a_start_of_new_code_shows_nothing_rather_than_what_it_does_not_mean(tmp_path):
    log = World(MemoryLog()).live(*STEPS[:5]).log
    async with sqlite_models(tmp_path) as models:
        await prepare(models, [COUNTERS], log=log)
        await prepare(models, [CHANGED], log=log)
        assert await states(models) == {1: State.STALE}
        await prepare(models, [CHANGED], log=log)
        assert await states(models) == {1: State.STALE}
