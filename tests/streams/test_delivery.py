"""Delivery: the facts that fan a photo out are those after which the timelines really hold its row."""

import random

import pytest

from infra.sqlite.timelines import SqliteChunks, SqliteTimelines
from projections.stores import NoLiveModelError, State
from projections.timelines import STORED, TimelineRow, build_timelines
from streams.delivery import Held, held
from streams.explaining import why
from streams.fanout import FanOut
from streams.rebuild import catch_up
from streams.replay import Until
from streams.verifying import dump
from tests.projections.feeding import sqlite_models
from tests.projections.histories import World
from tests.streams.memory_log import MemoryLog

VERBS = (*["follow"] * 12, *["upload"] * 4, "fame", "block", "privacy")
TINY = build_timelines(inline=1)
LONG_AGO = -(STORED.days + 30) * 24 * 60


def lived(seed: int) -> World:
    """Three members, whose first photos are so old that nobody new gets them, and a random run behind."""
    draw, world = random.Random(seed), World(MemoryLog(2))
    world.live(*[("join", 0, 0, 0)] * 3)
    world.minute = LONG_AGO
    world.live(*[("upload", owner, 0, 0) for owner in range(3)])
    world.minute = 10
    return world.live(*[(draw.choice(VERBS), *(draw.randrange(60) for _ in range(3))) for _ in range(90)])


async def first_rows(log: MemoryLog) -> dict[tuple[str, str], tuple[int, int]]:
    """Each timeline row, and the place of the fact after which it is there, all work done."""
    facts = sorted((fact for facts in log.facts.values() for fact in facts), key=lambda fact: fact.recorded_at)
    came: dict[tuple[str, str], tuple[int, int]] = {}
    reached = dict.fromkeys(range(log.logs), 0)
    async with sqlite_models(catalogue=(TINY,)) as models:
        model = await models.create(TINY, State.LIVE)
        for fact in facts:
            reached[fact.position.log] = fact.position.number
            await catch_up(model, TINY, log=Until(log, reached), models=models)
            await FanOut(SqliteChunks(models)).drain()
            for row in await dump(TINY, model, models=models):
                if isinstance(row, TimelineRow):
                    came.setdefault((row.member_id, row.photo_id), (fact.position.log, fact.position.number))
    return came


async def test_the_fact_that_is_named_is_the_one_that_writes_the_row():
    unwritten = 0
    for world in map(lived, range(4)):
        rows = await first_rows(world.log)
        for viewer in world.members:
            for photo, known in world.photos.items():
                came = (await why(world.log, viewer, photo)).delivery
                place = came.written and (came.written.position.log, came.written.position.number)
                assert place == rows.get((viewer, photo)), (viewer, photo)
                assert came.celebrity is (viewer != known["owner_id"] and known["owner_id"] in world.celebrities)
                unwritten += place is None and world.follows.get((viewer, known["owner_id"])) == "yes"
    assert unwritten, "some photos are read from their owners' lists alone"


async def test_what_the_live_timelines_hold_is_said_to_be_unfinished_until_it_is_done():
    world = World(MemoryLog(2)).live(*[("join", 0, 0, 0)] * 3)
    owner, *followers = world.members
    world.live(("follow", 1, 0, 0), ("follow", 2, 0, 0), ("upload", 0, 0, 0))
    (photo,) = world.photos
    async with sqlite_models(catalogue=(TINY,)) as models:
        timelines, chunks = SqliteTimelines(models), SqliteChunks(models)
        with pytest.raises(NoLiveModelError):
            await held(timelines, owner, owner, photo)
        model = await models.create(TINY, State.LIVE)
        assert await held(timelines, owner, owner, photo) == Held(row=False, unfinished=False)
        await catch_up(model, TINY, log=world.log, models=models)
        assert await held(timelines, owner, owner, photo) == Held(row=True, unfinished=True)
        for follower in followers:
            assert await held(timelines, follower, owner, photo) == Held(row=False, unfinished=True)
        await FanOut(chunks).drain()
        for follower in followers:
            assert await held(timelines, follower, owner, photo) == Held(row=True, unfinished=False)
        world.live(("upload", 0, 0, 0), ("upload", 1, 0, 0))
        await catch_up(model, TINY, log=world.log, models=models)
        newer = list(world.photos)[1]
        assert await held(timelines, followers[0], owner, newer) == Held(row=False, unfinished=True)
        assert await held(timelines, followers[0], owner, photo) == Held(row=True, unfinished=True)
        world.live(("fame", 0, 0, 0))
        await catch_up(model, TINY, log=world.log, models=models)
        assert await held(timelines, followers[0], owner, newer) == Held(row=False, unfinished=False)
