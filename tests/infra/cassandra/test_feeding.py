"""Batches that are cut short anywhere, repeated with another cut, or fed by two hosts at once: the same rows."""

import asyncio
import random
from itertools import count

import pytest

from commands.errors import Unavailable
from infra.cassandra import feeding
from infra.cassandra.connecting import Pump
from infra.cassandra.feeding import Feeder
from infra.cassandra.tables import tables_of
from infra.stack import control
from projections.catalogue import BY_NAME
from projections.counters import COUNTERS
from projections.likes import LIKES
from projections.rows import Projection
from projections.stores import Batch, Fed, Model, OutOfReachError, RebuildRunningError, State
from streams.rebuild import rebuild
from streams.verifying import dump
from tests.cluster import SERVERS, SHARDS, cluster, own_keyspace, utc_now
from tests.projections.feeding import feed_all, rows_of, sqlite_models
from tests.projections.histories import REACTIONS, VERBS, World
from tests.streams.memory_log import MemoryLog

pytestmark = pytest.mark.cluster


class Crash(Exception):
    """The process is gone."""


@pytest.fixture
async def known(stack):
    addresses = stack.need(*SERVERS)
    async with own_keyspace(addresses) as space, cluster(addresses, space) as made:
        yield made


def history(seed: int, length: int = 300, logs: int = 1) -> MemoryLog:
    draw = random.Random(seed)
    verbs = (*VERBS, *["follow"] * 9, *["like"] * 9, *["upload"] * 3, *REACTIONS)
    taken = [(draw.choice(verbs), *(draw.randint(0, 5) for _ in range(3))) for _ in range(length)]
    return World(MemoryLog(logs)).live(*taken).log


async def expected_rows(projection: Projection, log: MemoryLog) -> list:
    async with sqlite_models() as plain:
        return await rows_of(plain, projection, await feed_all(plain, projection, log))


async def places_are_of(known, projection: Projection, model: Model, rows: list) -> None:
    """Each order holds the places of the rows that there are, and no other."""
    for cls in projection.rows:
        for order in tables_of(model, cls, SHARDS).orders:
            names = ", ".join(f'"{field}"' for field in order.table.fields)
            found = await known.cassandra.fetch(f"SELECT {names} FROM {order.table.name}")
            assert sorted(found) == sorted(order.place(row) for row in rows if type(row) is cls)


@pytest.mark.parametrize(
    "name", ["timelines", "likes", "follows", "comments", "photos", "profiles", "notifications", "duplicates"]
)
@pytest.mark.parametrize("seed", [1, 2])
async def test_a_crash_between_any_two_writes_leaves_no_trace(known, monkeypatch, name, seed):
    """Every batch is tried with a crash after so many statements, then again with other cuts, until it passes."""
    projection, log, draw = BY_NAME[name], history(seed), random.Random(seed)
    expected = await expected_rows(projection, log)
    model = await known.models.create(projection, State.READY)
    left: list[int] = [0]
    send = Pump.send

    def failing(self, statement, *take):
        left[0] -= 1
        if left[0] == 0:
            raise Crash
        send(self, statement, *take)

    def dying(*_):
        raise Crash

    monkeypatch.setattr(Pump, "send", failing)
    reached, facts = 0, log.facts[0]
    crashes = 0
    while facts:
        size = draw.randint(1, 40)
        batch = Batch(0, reached, facts[min(size, len(facts)) - 1].position.number, facts[:size])
        left[0] = draw.choice([0, 0, *range(1, 14)])
        with monkeypatch.context() as patched:
            if draw.random() < 0.3:  # everything is written, but the checkpoint
                patched.setattr(feeding, "move", dying)
            try:
                fed = await known.models.feed(model, projection, batch, park=False)
            except Crash:
                crashes += 1
                continue
        assert fed is Fed.APPLIED
        reached, facts = batch.last, facts[size:]
    assert crashes > 3
    assert await dump(projection, model, models=known.models) == expected
    await places_are_of(known, projection, model, expected)
    left[0] = 0  # nothing fails any more
    await late(known, model, projection, log, draw)
    assert await dump(projection, model, models=known.models) == expected
    await places_are_of(known, projection, model, expected)


async def late(known, model: Model, projection: Projection, log: MemoryLog, draw: random.Random) -> None:
    """A host that fell asleep over a batch writes it now, when others are long past it: first one, then another."""
    feeder = Feeder(known.cassandra, model, projection, SHARDS, utc_now)
    facts = [fact for fact in log.facts[0] if projection.concerned_by(fact)]
    for start in draw.sample(range(len(facts)), len(facts) // 3):
        await asyncio.to_thread(feeder.apply, facts[start : start + draw.randint(1, 8)])


@pytest.mark.parametrize("name", ["timelines", "likes", "follows", "counters"])
async def test_hosts_that_feed_one_build_at_once_move_it_once(stack, known, name):
    projection, log = BY_NAME[name], history(7, logs=2)
    expected = await expected_rows(projection, log)
    model = await known.models.create(projection, State.READY)

    async def host(models, seed):
        draw = random.Random(seed)
        for _ in count():
            reached = {s.model: s.checkpoints for s in await models.status()}[model]
            behind = [number for number, facts in log.facts.items() if reached.get(number, 0) < log.heads()[number]]
            if not behind:
                return
            number = draw.choice(behind)
            at = reached.get(number, 0)
            taken = [fact for fact in log.facts[number] if fact.position.number > at][: draw.randint(1, 9)]
            await models.feed(model, projection, Batch(number, at, taken[-1].position.number, taken), park=False)

    async with cluster(stack.need(*SERVERS), known.realm) as other:
        await asyncio.gather(host(known.models, 1), host(other.models, 2), host(other.models, 3))
    assert await dump(projection, model, models=known.models) == expected
    if projection is not COUNTERS:
        await places_are_of(known, projection, model, expected)


async def test_a_restarted_server_holds_a_rebuild_up_and_changes_nothing(stack, known):
    log = history(3, 400)
    expected = await expected_rows(LIKES, log)
    restarting = asyncio.create_task(asyncio.to_thread(control.restart, stack.root, "cassandra"))
    outages = 0
    async with asyncio.timeout(200):
        while True:
            try:
                model = await rebuild(LIKES, log=log, models=known.models, batch=7)
                if restarting.done():
                    break
                await known.models.drop(model)
            except (Unavailable, OutOfReachError):
                outages += 1
            except RebuildRunningError:  # the one before could not say that it had ended; its lease runs out
                assert outages
    await restarting
    assert outages
    assert await dump(LIKES, model, models=known.models) == expected


async def test_counts_are_refused(known):
    with pytest.raises(ValueError, match="counts"):
        await known.store.prepare((await known.models.create(LIKES, State.READY)), COUNTERS, 8)
