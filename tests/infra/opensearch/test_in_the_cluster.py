"""Search among the cluster's read models: one registry for all, rebuilt, switched and dropped like any other."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from infra.cassandra.registry import Registry
from infra.cassandra.store import CassandraStore
from infra.clustering import ClusterReadModels
from infra.opensearch.search import OpenSearchSearch
from projections.rows import Projection
from projections.search import PHOTO_SEARCH, PhotoFilters
from projections.stores import Model, State
from streams.rebuild import rebuild, switch
from streams.verifying import verify
from tests.cluster import Cassandra, keyspace, utc_now
from tests.contracts.searching import Town, alone
from tests.projections.feeding import feed_all
from tests.projections.histories import World
from tests.servers import Servers
from tests.streams.memory_log import MemoryLog

pytestmark = pytest.mark.cluster

GRACE_S = 0.15


@pytest.fixture
async def town(stack: Servers) -> AsyncIterator[Town]:
    addresses = stack.need("cassandra", "opensearch")
    async with keyspace(addresses) as space, alone(stack) as made:
        cassandra = await Cassandra.open([addresses.cassandra], space)
        usual = CassandraStore(cassandra, now=utc_now)
        registry = Registry(cassandra, "filmroll", utc_now, fresh_s=0.05)
        stores = {PHOTO_SEARCH.name: made.store}
        models = ClusterReadModels(registry, usual, stores, now=utc_now, grace_s=GRACE_S)

        async def live(projection: Projection) -> Model:
            return (await models.live(projection))[0]

        yield Town(models, OpenSearchSearch(made.store, live))
        await usual.close()
        await cassandra.close()


async def test_a_rebuild_gives_what_is_live_and_is_switched_to_under_searches(town: Town) -> None:
    log = MemoryLog(2)
    World(log).live(
        *[("join", 0, 0, 0)] * 3,
        *[("upload", at, 0, at) for at in range(8)],
        *[("process", at, 1, 1) for at in range(8)],
        ("profile", 1, 2, 0),
        ("remove", 2, 0, 0),
        ("describe", 3, 1, 2),
    )
    live = await feed_all(town.models, PHOTO_SEARCH, log, size=lambda: 3, state=State.LIVE)
    built = await rebuild(PHOTO_SEARCH, log=log, models=town.models, batch=4)
    verdict = await verify(PHOTO_SEARCH, live, built, models=town.models)
    assert (verdict.equal, verdict.rows > 8) == (True, True)

    async def found() -> list[str]:
        page = await town.search.photos("", PhotoFilters(), after=None, limit=100)
        return [hit.id for hit in page.hits]

    before, done = await found(), asyncio.Event()

    async def keep_searching() -> int:
        count = 0
        while not done.is_set():
            assert await found() == before
            count += 1
        return count

    searching = asyncio.create_task(keep_searching())
    await switch(built, PHOTO_SEARCH, log=log, models=town.models)
    await town.models.drop(live)
    done.set()
    assert await searching > 0
    assert await found() == before
    assert [status.model for status in await town.models.status()] == [built]
