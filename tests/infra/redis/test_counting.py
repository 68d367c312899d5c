"""Counts are exact or not told at all: through cut batches, a restarted Redis, and one that lost everything."""

import asyncio
import random

import pytest

from infra.cassandra.progress import ClusterProgress
from infra.redis import store
from infra.redis.counters import CountsNotReadyError, RedisCounters, RedisTallies
from infra.stack import control
from projections.counters import COUNTERS, Kind
from projections.rows import Tally
from projections.stores import Batch, Fed, OutOfReachError, State
from streams.following import Follower
from streams.rebuild import rebuild
from streams.verifying import verify
from tests.cluster import SERVERS, Cluster, cluster, own_keyspace, utc_now
from tests.infra.cassandra.test_feeding import Crash, expected_rows, history

pytestmark = pytest.mark.cluster


@pytest.fixture
async def known(stack):
    addresses = stack.need(*SERVERS)
    async with own_keyspace(addresses) as space, cluster(addresses, space) as made:
        yield made


async def tallies(known: Cluster, model) -> list:
    return list(await known.models.rows(model, Tally, after=None, limit=10_000))


async def test_a_crash_after_any_group_counts_nothing_twice(known, monkeypatch):
    log, draw = history(4), random.Random(4)
    expected = await expected_rows(COUNTERS, log)
    model = await known.models.create(COUNTERS, State.READY)
    send, crashing = store.send, [False]

    async def cut(client, calls):
        asked = list(calls)
        adds = [call for call in asked if call[:2] == ("run", store.ADD)]
        if adds and crashing[0]:
            await send(client, adds[: draw.randint(0, len(adds))])
            raise Crash
        return await send(client, asked)

    monkeypatch.setattr(store, "send", cut)
    reached, facts, crashes = 0, log.facts[0], 0
    while facts:
        size = draw.randint(1, 30)
        batch = Batch(0, reached, facts[min(size, len(facts)) - 1].position.number, facts[:size])
        crashing[0] = draw.random() < 0.6
        try:
            assert await known.models.feed(model, COUNTERS, batch, park=False) is Fed.APPLIED
        except Crash:
            crashes += 1
            continue
        reached, facts = batch.last, facts[size:]
    assert crashes > 5
    assert await tallies(known, model) == expected


async def test_a_restart_with_its_data_loses_nothing(stack, known):
    log = history(5)
    model = await rebuild(COUNTERS, log=log, models=known.models, batch=20)
    before = await tallies(known, model)
    control.restart(stack.root, "redis")
    assert await tallies(known, model) == before
    again = await rebuild(COUNTERS, log=log, models=known.models)
    assert (await verify(COUNTERS, model, again, models=known.models)).equal


async def level(progress: ClusterProgress, log) -> bool:
    try:
        return await progress.wait(["counters"], log.heads(), timeout_s=1)
    except OutOfReachError:
        return False


@pytest.mark.parametrize("all_is_lost", [True, False], ids=["everything", "one group"])
async def test_lost_counts_are_unknown_until_they_are_filled_again(known, all_is_lost):
    log = history(6, logs=2)
    expected = await expected_rows(COUNTERS, log)
    model = await known.models.create(COUNTERS, State.LIVE)
    counters = RedisCounters(RedisTallies(known.models, known.redis, realm=known.realm))
    follower = Follower(log, known.models, [COUNTERS], poll_s=0.02)
    progress = ClusterProgress(known.models, log, now=utc_now)
    await follower.start()
    assert await progress.wait(["counters"], log.heads(), timeout_s=20)
    await follower.stop()
    subject = next(tally.subject for tally in expected if tally.kind == Kind.LIKES)
    told = await counters.read([subject], Kind)
    assert told[subject, Kind.LIKES] > 0
    keys = sorted([key async for key in known.redis.scan_iter(f"*{known.realm}*")])
    lost = store.Names(known.realm, model).groups[store.group_of(subject)]
    await known.redis.unlink(*(keys if all_is_lost else lost))
    with pytest.raises(CountsNotReadyError):
        await counters.read([subject], Kind)
    assert (await known.models.status())[0].checkpoints == {}
    with pytest.raises(CountsNotReadyError):
        await counters.read([subject], Kind)
    with pytest.raises(OutOfReachError):
        await progress.reached(["counters"])
    await follower.start()
    async with asyncio.timeout(20):
        while not await level(progress, log):  # noqa: ASYNC110 Redis tells nobody
            await asyncio.sleep(0.02)
    await follower.stop()
    assert await counters.read([subject], Kind) == told
    assert await tallies(known, model) == expected


async def test_without_redis_counts_are_unknown(stack, known):
    await known.models.create(COUNTERS, State.LIVE)
    counters = RedisCounters(RedisTallies(known.models, known.redis, realm=known.realm))
    assert await counters.read(["photo"], [Kind.LIKES]) == {("photo", Kind.LIKES): 0}
    control.kill(stack.root, "redis")
    try:
        with pytest.raises(CountsNotReadyError):
            await counters.read(["photo"], [Kind.LIKES])
    finally:
        stack.need("redis")
    assert await counters.read(["photo"], [Kind.LIKES]) == {("photo", Kind.LIKES): 0}
