"""What holds for every projection of the catalogue, whatever happened."""

import random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from projections.catalogue import BY_NAME, CATALOGUE
from projections.rows import Tally
from projections.stores import State
from projections.visibility import VISIBILITY
from streams.rebuild import rebuild
from streams.verifying import verify
from tests.projections.feeding import feed_all, rows_of, sqlite_models
from tests.projections.histories import World, steps
from tests.streams.memory_log import MemoryLog, twice

many = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
logs = st.sampled_from([1, 4])
every = pytest.mark.parametrize("projection", CATALOGUE, ids=lambda projection: projection.name)


@every
@many
@given(taken=steps, count=logs, seed=st.randoms(use_true_random=False))
async def test_the_same_rows_come_of_any_cut_any_repetition_and_any_interleaving(projection, taken, count, seed):
    log = World(MemoryLog(count)).live(*taken).log
    async with sqlite_models() as models:
        plain = await feed_all(models, projection, log)
        odd = await feed_all(
            models,
            projection,
            log,
            size=lambda: seed.randint(1, 7),
            order=random.Random(seed.randint(0, 999)),
            arrive=lambda facts: twice(facts) if seed.random() < 0.5 else list(facts),
        )
        assert await rows_of(models, projection, odd) == await rows_of(models, projection, plain)
        assert (await verify(projection, plain, odd, models=models)).equal


@every
@many
@given(taken=steps, count=logs, size=st.integers(1, 9))
async def test_a_rebuild_gives_what_is_live(projection, taken, count, size):
    log = World(MemoryLog(count)).live(*taken).log
    async with sqlite_models() as models:
        live = await feed_all(models, projection, log, size=lambda: 3, state=State.LIVE)
        built = await rebuild(projection, log=log, models=models, batch=size)
        verdict = await verify(projection, live, built, models=models)
        assert (verdict.differences, verdict.same_positions) == ((), True)


TWO_MENTION_ONE = [
    *[("join", 0, 0, 0), ("join", 1, 0, 0), ("upload", 0, 0, 0)],
    *[("comment", 0, 0, 1), ("comment", 1, 0, 1)],
]


@every
@many
@given(taken=steps, count=logs, whom=st.integers(0, 5))
@example(taken=TWO_MENTION_ONE, count=1, whom=0)
@example(taken=TWO_MENTION_ONE, count=1, whom=1)
async def test_rows_hold_nothing_that_an_erased_member_wrote(projection, taken, count, whom):
    """Developed from a log that lacks every personal field of theirs, the rows are the same to the last byte."""
    world = World(MemoryLog(count)).live(*taken)
    member = list(world.members)[whom % len(world.members)] if world.members else None
    if member is None or member in world.left:
        return
    world.erase(member)
    async with sqlite_models() as models:
        live = await feed_all(models, projection, world.log, state=State.LIVE)
        blank = await feed_all(models, projection, world.without_key(member))
        assert await rows_of(models, projection, blank) == await rows_of(models, projection, live)


@many
@given(taken=steps, count=logs)
async def test_tallies_are_the_lengths_of_the_lists_they_count(taken, count):
    world = World(MemoryLog(count)).live(*taken)
    async with sqlite_models() as models:
        model = await feed_all(models, BY_NAME["counters"], world.log, size=lambda: 4)
        tallies = {(row.subject, row.kind): row.count for row in await models.rows(model, Tally, after=None, limit=999)}
    expected: dict[tuple[str, str], int] = {}

    def add(subject, kind):
        expected[subject, kind] = expected.get((subject, kind), 0) + 1

    for photo, _ in world.likes:
        add(photo, "likes")
    for comment in world.comments.values():
        add(comment["photo_id"], "comments")
    for (follower, followed), state in world.follows.items():
        if state == "yes":
            add(followed, "followers")
            add(follower, "following")
    for photo in world.photos.values():
        if not photo["removed"] and not photo.get("down"):
            add(photo["owner_id"], f"photos.{photo['audience'] if photo['status'] == 'ready' else 'unready'}")
    assert tallies == expected


@many
@given(taken=steps, count=logs, seed=st.randoms(use_true_random=False))
async def test_visibility_comes_out_the_same_in_any_order_of_application(taken, count, seed):
    log = World(MemoryLog(count)).live(*taken).log
    facts = [fact for known in log.facts.values() for fact in known]
    async with sqlite_models() as models:
        plain = await feed_all(models, VISIBILITY, log)
        before = await rows_of(models, VISIBILITY, plain)
        ahead = await models.create(VISIBILITY, State.LIVE)
        shuffled = seed.sample(twice(facts), 2 * len(facts))
        while shuffled:
            batch, shuffled = shuffled[:3], shuffled[3:]
            await models.apply(VISIBILITY, batch)
        assert await rows_of(models, VISIBILITY, ahead) == before
        assert await rows_of(models, VISIBILITY, plain) == before
        assert all(not status.checkpoints for status in await models.status() if status.model == ahead)


def test_no_two_projections_share_a_table_or_a_name():
    tables = [cls for projection in CATALOGUE for cls in projection.rows if cls is not Tally]
    assert len(tables) == len(set(tables))
    assert len(BY_NAME) == len(CATALOGUE)
