"""Replay: what a scratch store says of a moment is what was live at that moment."""

import random

import pytest

from infra.sqlite.models import SqliteReadModels
from projections.catalogue import CATALOGUE
from projections.likes import LIKES
from projections.stores import PoisonedError, State
from streams.moments import Moment, fact_at, parse_moment, reached_at
from streams.rebuild import catch_up
from streams.replay import Until, replay
from streams.verifying import dump
from tests.projections.feeding import sqlite_models
from tests.projections.histories import REACTIONS, VERBS, World
from tests.streams.memory_log import MemoryLog
from tests.streams.poison import BAD, CHOKING
from tests.streams.test_following import like


def random_steps(draw, count):
    return [(draw.choice((*VERBS, "follow", *REACTIONS)), *(draw.randrange(6) for _ in range(3))) for _ in range(count)]


def last_fact(log):
    return max((facts[-1] for facts in log.facts.values() if facts), key=lambda fact: fact.recorded_at)


async def rows_of_all(models: SqliteReadModels, built):
    return {model.projection: await dump(p, model, models=models) for p, model in zip(CATALOGUE, built, strict=True)}


@pytest.mark.parametrize("seed", range(3))
async def test_every_moment_of_a_random_run_can_be_had_again(tmp_path, seed):
    log, draw = MemoryLog(4), random.Random(seed)
    world = World(log)
    recorded = []
    async with sqlite_models(tmp_path / "live") as models:
        live = [await models.create(projection, State.LIVE) for projection in CATALOGUE]
        for _ in range(4):
            world.live(*random_steps(draw, 40))
            for projection, model in zip(CATALOGUE, live, strict=True):
                await catch_up(model, projection, log=log, models=models)
            recorded.append((last_fact(log), log.heads(), await rows_of_all(models, live)))
    for turn, (fact, heads, rows) in enumerate(recorded):
        at_time = await reached_at(log, Moment(fact.recorded_at))
        assert at_time == await reached_at(log, Moment(numbers=(fact.position,))) == heads
        async with sqlite_models(tmp_path / f"scratch{turn}") as scratch:
            built = await replay(CATALOGUE, log=Until(log, at_time), models=scratch)
            assert await rows_of_all(scratch, built) == rows
            assert {status.state for status in await scratch.status()} == {State.LIVE}
            assert await replay(CATALOGUE, log=Until(log, at_time), models=scratch) == built


async def test_an_interrupted_replay_goes_on(tmp_path):
    log = MemoryLog(2)
    World(log).live(*random_steps(random.Random(1), 80))
    ended = Until(log, log.heads())

    class Dying(Until):
        async def read(self, log, after, limit, names=None, *, personal=True):
            if after > 5:
                raise ConnectionError("as planned")
            return await super().read(log, after, 3, names, personal=personal)

    async with sqlite_models(tmp_path) as scratch:
        with pytest.raises(ConnectionError):
            await replay(CATALOGUE, log=Dying(log, log.heads()), models=scratch)
        built = await replay(CATALOGUE, log=ended, models=scratch)
        async with sqlite_models(tmp_path / "whole") as whole:
            plain = await replay(CATALOGUE, log=ended, models=whole)
            assert await rows_of_all(scratch, built) == await rows_of_all(whole, plain)


async def test_poison_stops_a_replay(tmp_path):
    log = MemoryLog()
    like(log, "ada", BAD)
    async with sqlite_models(tmp_path) as scratch:
        with pytest.raises(PoisonedError):
            await replay([CHOKING], log=Until(log, log.heads()), models=scratch)
        before = Until(log, {0: log.facts[0][0].position.number})
        async with sqlite_models(tmp_path / "before") as earlier:
            (model,) = await replay([CHOKING], log=before, models=earlier)
            assert [row.member_id for row in await dump(LIKES, model, models=earlier)] == ["ada"]


async def test_a_log_that_ends_shows_nothing_past_its_end():
    log = MemoryLog(2)
    world = World(log).live(*random_steps(random.Random(2), 300))
    facts = log.facts[0]
    assert len(facts) > 3, "there is something past the end"
    end = facts[len(facts) // 2].position.number
    ended = Until(log, {0: end, 1: 0})
    assert await ended.head(0) == end
    assert await ended.head(1) == 0
    page = await ended.read(0, 0, 10_000)
    assert [fact.position.number for fact in page.facts] == [
        f.position.number for f in facts if f.position.number <= end
    ]
    assert (page.last, page.more) == (end, False)
    assert (await ended.read(0, end, 10)).facts == (await ended.read(1, 0, 10)).facts == ()
    late = facts[-1]
    assert late not in await ended.stream(0, late.stream)
    world.live(*random_steps(random.Random(4), 20))
    assert await ended.read(0, 0, 10_000) == page
    assert not await ended.wait({0: 0, 1: 0}, 0)


async def test_moments_are_times_or_positions():
    log = MemoryLog(2)
    World(log).live(*random_steps(random.Random(5), 60))
    for number, facts in log.facts.items():
        for fact in facts:
            reached = await reached_at(log, Moment(numbers=(fact.position,)))
            assert reached[number] == fact.position.number
            assert {
                other.position for each in log.facts.values() for other in each if other.recorded_at <= fact.recorded_at
            } == {
                other.position
                for each in log.facts.values()
                for other in each
                if other.position.number <= reached[other.position.log]
            }
            assert await fact_at(log, fact.position) == fact
    assert parse_moment("2026-05-01") == parse_moment("2026-05-01T00:00Z") == parse_moment("2026-05-01T02:00+02:00")
    two = parse_moment("0:3,1:4")
    assert await reached_at(log, two) == {0: 3, 1: 4}
    for wrong in ("soon", "0:x", "1", ""):
        with pytest.raises(ValueError):
            parse_moment(wrong)
    with pytest.raises(LookupError):
        await reached_at(log, parse_moment("9:1"))
    with pytest.raises(LookupError):
        await reached_at(log, parse_moment("0:0"))
