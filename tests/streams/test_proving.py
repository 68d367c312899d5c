"""Proof under traffic: what only lags is not different, what is different is not hidden, what stands still can't hide."""

import asyncio
import random
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from domain.ids import time_of
from projections.catalogue import CATALOGUE
from projections.counters import COUNTERS
from projections.likes import LIKES
from projections.rows import key_of
from projections.stores import Batch, State
from streams.following import Follower
from streams.proving import SLICES, prove, sampled
from streams.rebuild import rebuild
from streams.tallies import count
from streams.verifying import rows_of
from tests.projections.feeding import feed_all, sqlite_models
from tests.projections.histories import World
from tests.streams.memory_log import MemoryLog
from tests.streams.test_following import level, like

LIVELY = [("join", 0, 0, 0), ("follow", 0, 1, 0), ("upload", 0, 0, 1), ("process", 0, 1, 1), ("like", 1, 0, 0)] * 10


def spoil(directory, build, statement):
    with closing(sqlite3.connect(directory / f"{build}.db")) as connection, connection:
        assert connection.execute(statement).rowcount == 1


async def test_under_traffic_only_the_wrong_row_differs(tmp_path):
    log = MemoryLog(4)
    world = World(log).live(*LIVELY)
    async with sqlite_models(tmp_path) as models:
        follower = Follower(log, models, CATALOGUE, poll_s=0.01)
        await follower.start()
        await level(models, log)
        built = await rebuild(COUNTERS, log=log, models=models)
        (live,) = [s.model for s in await models.status() if s.model.projection == "counters" and s.state is State.LIVE]
        stop = asyncio.Event()

        async def traffic():
            turn = 0
            while not stop.is_set():
                turn += 1
                world.live(("like", turn, turn // 3, 0), ("like", turn // 7, turn, 0))
                await asyncio.sleep(0.001)
                if turn % 50 == 0:  # as fast as the models are fed, not faster
                    await level(models, log)

        busy = asyncio.create_task(traffic())
        try:
            verdict = await prove(COUNTERS, live, built, log=log, models=models)
            assert verdict.equal, verdict
            counts = await count(COUNTERS, log=log, models=models)
            assert counts.settled
            assert counts.miscounts == ()
            photo = next(iter(world.photos))
            spoil(tmp_path, live, f"INSERT INTO tallies VALUES ('{photo}', 'photos.private', 3)")
            verdict = await prove(COUNTERS, live, built, log=log, models=models)
            assert verdict.same_positions
            assert [each.key for each in verdict.differences] == [(photo, "photos.private")]
            counts = await count(COUNTERS, log=log, models=models)
            assert counts.settled
            assert [(each.subject, each.kind, each.listed) for each in counts.miscounts] == [
                (photo, "photos.private", 0)
            ]
            assert not busy.done()
        finally:
            stop.set()
            await busy
            await follower.stop()


async def test_counts_equal_their_lists_and_a_wrong_one_is_named(tmp_path):
    log = MemoryLog(4)
    World(log).live(*LIVELY, ("remove", 0, 0, 0), ("remove", 3, 0, 0), ("audience", 1, 2, 0))
    async with sqlite_models(tmp_path) as models:
        for projection in CATALOGUE:
            await feed_all(models, projection, log)
        for status in await models.status():
            await models.switch(status.model)
        counts = await count(COUNTERS, log=log, models=models)
        assert counts.settled
        assert counts.tallies > 0
        assert counts.miscounts == ()
        row = (await models.rows(_model(await models.status(), "likes"), LIKES.rows[0], after=None, limit=1))[0]
        spoil(
            tmp_path,
            "likes@1",
            f"DELETE FROM likes WHERE photo_id = '{row.photo_id}' AND member_id = '{row.member_id}'",
        )
        for projection in (COUNTERS, LIKES):
            (wrong,) = (await count(projection, log=log, models=models)).miscounts
            assert (wrong.subject, wrong.kind, wrong.tally - wrong.listed) == (row.photo_id, "likes", 1)
        assert await count(next(p for p in CATALOGUE if p.name == "profiles"), log=log, models=models) is None


def _model(standing, name):
    return next(status.model for status in standing if status.model.projection == name)


async def test_a_paused_build_is_not_moved_and_the_proof_says_that_it_can_not_tell(tmp_path):
    log = MemoryLog()
    like(log, "ada")
    async with sqlite_models(tmp_path) as models:
        one, other = await feed_all(models, LIKES, log), await feed_all(models, LIKES, log)
        await models.pause(one, paused=True)
        like(log, "bob")
        verdict = await prove(LIKES, one, other, log=log, models=models, patience_s=0.05)
        assert not verdict.same_positions
        assert not verdict.equal
        await models.pause(one, paused=False)
        assert (await prove(LIKES, one, other, log=log, models=models)).equal


async def test_more_differences_than_asked_for_are_cut(tmp_path):
    log = MemoryLog()
    like(log, *[f"m{at:03}" for at in range(200)])
    async with sqlite_models(tmp_path) as models:
        one = await feed_all(models, LIKES, log)
        other = await models.create(LIKES, State.READY)
        await models.feed(other, LIKES, Batch(0, 0, log.heads()[0], ()), park=False)
        verdict = await prove(LIKES, one, other, log=log, models=models, limit=7)
        assert verdict.same_positions
        assert [each.key[1] for each in verdict.differences] == [f"m{at:03}" for at in range(7)]


@pytest.mark.parametrize("share", [0.01, 0.3, 1.0])
async def test_samples_are_slices_of_time_and_a_full_one_is_everything(tmp_path, share):
    log = MemoryLog(2)
    World(log).live(*LIVELY)
    async with sqlite_models(tmp_path) as models:
        model = await feed_all(models, COUNTERS, log)
        everything = [key_of(row) async for row in rows_of(models, model, COUNTERS.rows[0])]
        times = [time_of(key[0]) for key in everything]
        spans = sampled(share, min(times), max(times) + timedelta(seconds=1), draw=random.Random(3))
        assert len(spans) == round(share * SLICES)
        found = [key_of(row) async for row in rows_of(models, model, COUNTERS.rows[0], spans)]
        assert found == sorted(set(found))
        assert set(found) <= set(everything)
        assert (found == everything) == (share == 1.0)
