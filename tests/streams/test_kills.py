"""`kill -9` at twenty random moments of a rebuild, and of a switch: it goes on, and ends equal."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from infra.stack.addresses import Addresses
from projections.catalogue import BY_NAME
from projections.stores import Model, ReadModels, State
from streams.rebuild import rebuild, switch
from streams.verifying import verify
from tests.cluster import SERVERS, cluster, end_documents, own_keyspace
from tests.projections.feeding import feed_all, sqlite_models
from tests.streams import killing


@pytest.mark.parametrize("name", ["counters", "timelines"])
async def test_a_rebuild_that_is_killed_anywhere_goes_on_and_ends_equal(tmp_path, name):
    projection, log = BY_NAME[name], killing.history()
    calls = killing.calls_of(killing.rebuilding, partial(sqlite_models, tmp_path / "counted"), name)
    died = 0
    for at in killing.moments(calls, seed=3):
        opened = partial(sqlite_models, tmp_path / str(at))
        died += killing.killed(killing.rebuilding, opened, name, at)
        async with opened() as models:
            built = await rebuild(projection, log=log, models=models)
            assert {status.state for status in await models.status() if status.model == built} == {State.READY}
            plain = await feed_all(models, projection, log)
            verdict = await verify(projection, plain, built, models=models)
            assert verdict.equal, (at, verdict)
            assert verdict.rows
    assert died > 15


async def test_a_switch_that_is_killed_anywhere_leaves_one_live_build_and_can_be_repeated(tmp_path):
    name = "likes"
    projection, log = BY_NAME[name], killing.history()
    counted = partial(sqlite_models, tmp_path / "counted")
    await killing.prepared(counted, name)
    calls = killing.calls_of(killing.switching, counted, name)
    died = 0
    for at in killing.moments(calls, seed=4):
        opened = partial(sqlite_models, tmp_path / str(at))
        await killing.prepared(opened, name)
        died += killing.killed(killing.switching, opened, name, at)
        async with opened() as models:
            states = {status.model.build: status.state for status in await models.status()}
            assert sorted(states) == [1, 2]
            assert [state for state in states.values() if state is State.LIVE] == [State.LIVE], (at, states)
            await switch(Model(name, 2), projection, log=log, models=models)
            states = {status.model.build: status.state for status in await models.status()}
            assert states == {1: State.RETIRED, 2: State.LIVE}
            verdict = await verify(projection, Model(name, 1), Model(name, 2), models=models)
            assert verdict.equal
    assert died > 15


KILLS = 2
"""On the real servers each takes a few seconds."""


@asynccontextmanager
async def on_servers(addresses: Addresses, space: str) -> AsyncIterator[ReadModels]:
    """One process's view of the cluster's read models."""
    async with cluster(addresses, space, documents=True) as known:
        yield known.models


async def forgotten(addresses: Addresses, space: str) -> None:
    """As if the half minute had gone by for which a rebuild is the dead process's own."""
    async with cluster(addresses, space) as known:
        await asyncio.to_thread(known.cassandra.execute, "TRUNCATE leases")


@pytest.mark.cluster
@pytest.mark.parametrize("name", ["counters", "timelines", "photo_search"])
async def test_a_rebuild_on_the_real_servers_that_is_killed_anywhere_goes_on_and_ends_equal(stack, name):
    addresses, projection, log = stack.need(*SERVERS, "opensearch"), BY_NAME[name], killing.history()
    async with own_keyspace(addresses) as space:
        opened = partial(on_servers, addresses, space)
        calls = killing.calls_of(killing.rebuilding, opened, name)
        async with opened() as models:
            (plain,) = [status.model for status in await models.status()]
            died = 0
            for at in killing.moments(calls, seed=5, number=KILLS):
                died += killing.killed(killing.rebuilding, opened, name, at)
                done = {status.model for status in await models.status() if status.state is State.READY}
                await forgotten(addresses, space)
                built = await rebuild(projection, log=log, models=models)
                states = {status.model: status.state for status in await models.status()}
                assert states == dict.fromkeys({*done, built}, State.READY), "what was begun is gone on with"
                verdict = await verify(projection, plain, built, models=models)
                assert verdict.equal, (at, verdict)
                assert verdict.rows
            assert died
        await end_documents(addresses, space)


@pytest.mark.cluster
async def test_a_switch_on_the_real_servers_that_is_killed_anywhere_leaves_one_live_build(stack):
    name = "likes"
    addresses, projection, log = stack.need(*SERVERS, "opensearch"), BY_NAME[name], killing.history()
    async with own_keyspace(addresses) as space:
        opened = partial(on_servers, addresses, space)
        await killing.prepared(opened, name)
        calls = killing.calls_of(killing.switching, opened, name)
        async with opened() as models:
            died = 0
            for at in killing.moments(calls, seed=6, number=2 * KILLS):
                died += killing.killed(killing.switching, opened, name, at)
                states = {status.model.build: status.state for status in await models.status()}
                assert sorted(states) == [1, 2]
                assert [state for state in states.values() if state is State.LIVE] == [State.LIVE], (at, states)
                await switch(Model(name, 2), projection, log=log, models=models)
                states = {status.model.build: status.state for status in await models.status()}
                assert states == {1: State.RETIRED, 2: State.LIVE}
                verdict = await verify(projection, Model(name, 1), Model(name, 2), models=models)
                assert verdict.equal
                assert verdict.rows
            assert died
        await end_documents(addresses, space)
