"""Rebuild: from the first fact to the last, through kills, poison and rivals."""

import asyncio
import sys
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from projections.catalogue import CATALOGUE
from projections.counters import COUNTERS
from projections.likes import LIKES
from projections.stores import PoisonedError, RebuildRunningError, State
from streams.rebuild import rebuild, switch
from streams.verifying import verify
from tests.projections.feeding import feed_all, rows_of, sqlite_models
from tests.streams.memory_log import MemoryLog
from tests.streams.poison import BAD, CHOKING
from tests.streams.rebuilding import history
from tests.streams.test_following import like


@asynccontextmanager
async def another_process(directory, name):
    """A rebuild that waits for a line after each step, and is killed at the end."""
    pipe = asyncio.subprocess.PIPE
    words = (sys.executable, "-m", "tests.streams.rebuilding", directory, name)
    process = await asyncio.create_subprocess_exec(*words, stdin=pipe, stdout=pipe)
    try:
        yield process
    finally:
        process.kill()
        await process.communicate()


async def test_a_killed_rebuild_goes_on_where_it_was(tmp_path):
    log, done = history(), 0
    for _ in range(3):
        async with another_process(tmp_path, "counters") as process:
            for _ in range(20):
                reached = int(await process.stdout.readline())
                assert reached > done
                done = reached
                process.stdin.write(b"\n")
        async with sqlite_models(tmp_path) as models:
            (status,) = await models.status()
            assert (status.model.build, status.state) == (1, State.BUILDING)
            assert done <= sum(status.checkpoints.values()) < sum(log.heads().values())
            done = sum(status.checkpoints.values())
    async with sqlite_models(tmp_path) as models:
        reports = []
        built = await rebuild(COUNTERS, log=log, models=models, report=reports.append)
        assert reports[0].done > done
        assert (reports[-1].done, reports[-1].total) == (sum(log.heads().values()),) * 2
        plain = await feed_all(models, COUNTERS, log)
        assert built.build == 1
        assert (await verify(COUNTERS, plain, built, models=models)).equal


async def test_a_second_run_is_refused_while_another_process_is_at_it(tmp_path):
    async with sqlite_models(tmp_path) as models:
        async with another_process(tmp_path, "likes") as process:
            assert await process.stdout.readline()
            with pytest.raises(RebuildRunningError):
                await rebuild(LIKES, log=history(), models=models)
        assert (await rebuild(LIKES, log=history(), models=models)).build == 1


@pytest.mark.parametrize("logs", [1, 4])
async def test_with_no_events_a_rebuild_ends_at_once(tmp_path, logs):
    async with sqlite_models(tmp_path) as models:
        reports = []
        for projection in CATALOGUE:
            model = await rebuild(projection, log=MemoryLog(logs), models=models, report=reports.append)
            assert await rows_of(models, projection, model) == []
            await switch(model, projection, log=MemoryLog(logs), models=models)
        assert {(outlook.done, outlook.total, outlook.seconds_left) for outlook in reports} == {(0, 0, None)}
        assert {status.state for status in await models.status()} == {State.LIVE}


async def test_poison_stops_it_and_is_named(tmp_path):
    log = MemoryLog(4)
    like(log, "ada", BAD, "bob")
    async with sqlite_models(tmp_path, [CHOKING]) as models:
        for _ in range(2):
            with pytest.raises(PoisonedError, match=BAD):
                await rebuild(CHOKING, log=log, models=models, batch=1)
            (status,) = await models.status()
            assert (status.state, status.dead_letters) == (State.BUILDING, 0)


async def test_what_older_code_began_is_set_aside(tmp_path):
    log = MemoryLog()
    like(log, "ada")
    async with sqlite_models(tmp_path) as models:
        begun = await models.create(LIKES, State.BUILDING)
        built = await rebuild(replace(LIKES, version=2), log=log, models=models)
        states = {status.model: status.state for status in await models.status()}
        assert states == {begun: State.STALE, built: State.READY}


async def test_what_happens_during_a_rebuild_is_in_it(tmp_path):
    log = MemoryLog()
    like(log, *[f"m{number}" for number in range(50)])
    late = iter(f"late{number}" for number in range(30))

    def say(outlook):
        like(log, *[member for member in [next(late, None)] if member])

    async with sqlite_models(tmp_path) as models:
        built = await rebuild(LIKES, log=log, models=models, batch=3, report=say)
        assert len(await rows_of(models, LIKES, built)) > 60
        await switch(built, LIKES, log=log, models=models)
        assert len(await rows_of(models, LIKES, built)) == len(log.facts[0]) > 60


async def test_verify_names_what_differs(tmp_path):
    log = MemoryLog()
    like(log, "ada", "bob", "cid")
    async with sqlite_models(tmp_path) as models:
        whole = await feed_all(models, LIKES, log)
        log.facts[0] = [replace(fact, recorded_at=fact.recorded_at.replace(year=2001)) for fact in log.facts[0][1:]]
        other = await feed_all(models, LIKES, log)
        verdict = await verify(LIKES, whole, other, models=models)
        assert not verdict.equal
        assert verdict.rows == 3
        assert [(d.key[1], d.one is None, d.other is None) for d in verdict.differences] == [
            ("ada", False, True),
            ("bob", False, False),
            ("cid", False, False),
        ]
