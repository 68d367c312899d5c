"""What holds for every projection on the real servers too: fewer histories, longer ones."""

import random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from projections.catalogue import CATALOGUE
from projections.stores import State
from projections.visibility import VISIBILITY
from streams.rebuild import rebuild
from streams.verifying import dump, verify
from tests.cluster import SERVERS, cluster, keyspace
from tests.projections.feeding import feed_all, rows_of, sqlite_models
from tests.projections.histories import World, steps
from tests.streams.memory_log import MemoryLog, twice

pytestmark = pytest.mark.cluster

few = settings(
    max_examples=2, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate]
)
ELSEWHERE = {"member_search", "photo_search"}
"""Projections whose read models lie in a store that has tests of its own."""
HERE = [projection for projection in CATALOGUE if projection.name not in ELSEWHERE]
long = st.lists(steps, min_size=4, max_size=8).map(lambda parts: [step for part in parts for step in part])


@pytest.mark.parametrize("projection", HERE, ids=lambda projection: projection.name)
@few
@given(taken=long, seed=st.randoms(use_true_random=False))
async def test_any_cut_repetition_and_interleaving_give_the_rows_that_sqlite_gives(stack, projection, taken, seed):
    log, addresses = World(MemoryLog(4)).live(*taken).log, stack.need(*SERVERS)
    async with sqlite_models() as plain:
        expected = await rows_of(plain, projection, await feed_all(plain, projection, log))
    async with keyspace(addresses) as space, cluster(addresses, space) as known:
        odd = await feed_all(
            known.models,
            projection,
            log,
            size=lambda: seed.randint(1, 40),
            order=random.Random(seed.randint(0, 999)),
            arrive=lambda facts: twice(facts) if seed.random() < 0.5 else list(facts),
        )
        assert await rows_of(known.models, projection, odd) == expected
        built = await rebuild(projection, log=log, models=known.models)
        verdict = await verify(projection, odd, built, models=known.models)
        assert (verdict.differences, verdict.same_positions) == ((), True)


@few
@given(taken=long, seed=st.randoms(use_true_random=False))
async def test_visibility_comes_out_the_same_in_any_order_of_application(stack, taken, seed):
    log, addresses = World(MemoryLog(4)).live(*taken).log, stack.need(*SERVERS)
    facts = [fact for known in log.facts.values() for fact in known]
    async with keyspace(addresses) as space, cluster(addresses, space) as known:
        plain = await feed_all(known.models, VISIBILITY, log)
        before = await dump(VISIBILITY, plain, models=known.models)
        ahead = await known.models.create(VISIBILITY, State.LIVE)
        shuffled = seed.sample(twice(facts), 2 * len(facts))
        while shuffled:
            batch, shuffled = shuffled[:9], shuffled[9:]
            await known.rows.apply(VISIBILITY, batch)
        assert await dump(VISIBILITY, ahead, models=known.models) == before
        assert await dump(VISIBILITY, plain, models=known.models) == before
