"""From the relay to the rows over a real broker: whatever dies, forgets or repeats, the rows are those of a rebuild."""

import asyncio
import signal
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from infra.kafka.topics import KafkaTopics
from infra.stack import control
from projections.stores import Model, State
from streams.broker import StalledError
from streams.host import Host
from streams.hosting import Hosts
from streams.rebuild import rebuild, switch
from tests.streams.poison import BAD
from tests.streams.streaming import PARTITIONS, Streaming, running, until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120), pytest.mark.filterwarnings("default")]


@pytest.fixture
async def rig(stack, tmp_path) -> AsyncIterator[Streaming]:
    async with Streaming(tmp_path, stack.need("kafka").kafka).opened("counters", "likes") as made:
        yield made


async def test_eight_writers_and_the_relay_miss_nothing(rig):
    async with running(rig.relay(), rig.hosts()):
        await asyncio.gather(*(rig.append(60) for _ in range(8)))
        await rig.level()
        assert await rig.same_as_rebuilt() > 8 * 48
    assert await rig.relayed() == await rig.heads()


async def test_facts_arrive_by_kafka_and_not_only_by_the_look_at_the_store(rig):
    fed = set()
    async with running(rig.relay(), rig.hosts(on_fed=lambda model, _: fed.add(model))):
        await rig.append(4)
        await rig.level()
        before = brought("kafka")
        await rig.append(200)
        await rig.level()
        assert brought("kafka") > before
        assert fed == {Model("counters", 1), Model("likes", 1)}


async def test_workers_killed_between_applying_and_acknowledging_lose_and_repeat_nothing(rig):
    async with running(rig.relay()):
        for die_at in (3, 7, 5):
            worker = rig.process("hosts", die_at=die_at)
            await rig.append(150, group=5)
            await until(lambda worker=worker: ended(worker))
            assert worker.returncode == -signal.SIGKILL
        rig.process("hosts")
        await rig.level()
    assert await rig.same_as_rebuilt()


async def test_a_relay_killed_between_sending_and_its_checkpoint_repeats_and_skips_nothing(rig):
    await rig.append(400, group=10)
    async with running(rig.hosts()):
        for die_at in (1, 2, 1):
            relay = rig.process("relay", die_at=die_at)
            await until(lambda relay=relay: nudged(rig, relay))
            assert relay.returncode == -signal.SIGKILL
        rig.process("relay")
        await until(lambda: published(rig))
        await rig.level()
    assert await rig.same_as_rebuilt()


async def test_a_second_relay_takes_over_when_the_first_is_killed(rig):
    first = rig.process("relay")
    await rig.append(20)
    await until(lambda: published(rig))
    second = rig.process("relay")
    first.kill()
    await rig.append(20)
    await until(lambda: published(rig))
    assert "relay leads" in rig.said(second)


async def test_two_workers_share_the_partitions_and_one_takes_over_all_when_the_other_is_killed(rig):
    async with running(rig.relay()):
        one, other = rig.process("hosts"), rig.process("hosts")
        await rig.append(50)
        await until(lambda: asyncio.sleep(0, all(shares(rig, each) == 1 for each in (one, other))))
        await rig.append(100)
        one.kill()
        await rig.append(100)
        await rig.level()
        await until(lambda: asyncio.sleep(0, shares(rig, other) == PARTITIONS))
        await rig.append(50)
        await rig.level()
    assert await rig.same_as_rebuilt()


async def test_a_topic_truncated_to_nothing_loses_nothing(rig):
    async with running(rig.relay()):
        await rig.append(200, group=10)
        await until(lambda: published(rig))
        await KafkaTopics(rig.servers).truncate(rig.topic.name)
        async with running(rig.hosts()):
            await rig.level()
            await rig.append(20)
            await rig.level()
            assert await rig.same_as_rebuilt()


async def test_a_topic_deleted_under_relay_and_hosts_is_made_anew_and_nothing_is_lost(rig):
    async with running(rig.relay(), rig.hosts()):
        await rig.append(40)
        await rig.level()
        await KafkaTopics(rig.servers).delete([rig.topic.name])
        await rig.append(40)
        await until(lambda: published(rig))
        before = brought("kafka")
        await until(lambda: more(rig, before))
        await rig.level()
        assert await rig.same_as_rebuilt()


async def test_a_restarted_kafka_is_waited_for(rig, stack):
    async with running(rig.relay(), rig.hosts()):
        await rig.append(40)
        await rig.level()
        await asyncio.to_thread(control.kill, stack.root, "kafka")
        await rig.append(40)
        await rig.level()  # from the store, while Kafka is away
        await asyncio.to_thread(control.restart, stack.root, "kafka")
        await rig.append(40)
        await until(lambda: published(rig))
        before = brought("kafka")
        await until(lambda: more(rig, before))
        await rig.level()
        assert await rig.same_as_rebuilt()


async def test_a_build_that_appears_is_fed_and_one_that_goes_is_left_alone(rig):
    hosts = rig.hosts()
    (counters, _) = rig.projections(rig.names)
    async with running(rig.relay(), hosts):
        await rig.append(40)
        built = await rebuild(counters, log=rig.store, models=rig.models)
        await rig.append(40)
        await rig.level()
        await switch(built, counters, log=rig.store, models=rig.models)
        await rig.append(40)
        await rig.level()
        await rig.models.mark(Model("counters", 1), State.STALE)
        await until(lambda: asyncio.sleep(0, hosts.hosted == {built, Model("likes", 1)}))


async def test_a_store_that_lost_its_rows_is_filled_again_from_the_event_store(rig):
    async with running(rig.relay(), rig.hosts()):
        await rig.append(40)
        await rig.level()
        path = rig.models.path_of(Model("likes", 1))
        forget(path)
        await rig.append(4)
        await rig.level()
        assert await rig.same_as_rebuilt()


async def test_a_store_that_is_down_is_tried_again_until_it_is_back(rig):
    models = Faulty(rig.models, fails=6)
    async with running(rig.relay(), rig.hosts(models)):
        await rig.append(80)
        await rig.level()
        assert models.fails == 0
    assert await rig.same_as_rebuilt()


async def test_a_worker_that_makes_no_progress_ends_with_an_error(rig):
    await rig.append(8)
    hosts = Hosts(rig.store, Faulty(rig.models, hangs=True), rig.projections(rig.names), replace(rig.broker, stall_s=1))
    with pytest.raises(StalledError):
        async with asyncio.timeout(20):
            await hosts.run()


async def test_a_worker_whose_faust_broke_ends_with_an_error(rig):
    made: list[Host] = []
    hosts = rig.hosts()
    build = hosts._host
    hosts._host = lambda model: made.append(build(model)) or made[-1]
    task = asyncio.create_task(hosts.run())
    await rig.append(8)
    await rig.level()
    await made[0]._faust._app.crash(RuntimeError("as planned"))
    with pytest.raises(StalledError):
        async with asyncio.timeout(20):
            await task


async def test_an_event_that_cannot_be_applied_is_parked_and_the_rest_flows(stack, tmp_path):
    rig = Streaming(tmp_path, stack.need("kafka").kafka, choking=True)
    async with rig.opened("likes"), running(rig.relay(), rig.hosts()):
        await rig.append(40)
        await rig.append_like("photo", BAD)
        await rig.append(40)
        await rig.level()
        (letter,) = await rig.models.dead_letters(Model("likes", 1), limit=10)
        assert "as planned" in letter.error
        assert (
            len(await rig.models.rows(Model("likes", 1), rig.projections(["likes"])[0].rows[0], after=None, limit=99))
            == 64
        )


class Faulty:
    """Read models that can't be fed, for some calls or for ever."""

    def __init__(self, models, *, fails: int = 0, hangs: bool = False) -> None:
        self._models, self.fails, self._hangs = models, fails, hangs

    def __getattr__(self, name: str):
        return getattr(self._models, name)

    async def feed(self, *args, **kwargs):
        if self._hangs:
            await asyncio.Event().wait()
        if self.fails:
            self.fails -= 1
            raise OSError("the store is away")
        return await self._models.feed(*args, **kwargs)


def brought(source: str) -> float:
    from streams.feeding import _FED

    return sum(_FED.labels(model, source)._value.get() for model in ("counters@1", "likes@1"))


async def more(rig, before: float) -> bool:
    await rig.append(4)
    return brought("kafka") > before


async def ended(process) -> bool:
    return process.poll() is not None


async def nudged(rig, relay) -> bool:
    """A relay that waits for its death needs something to send."""
    await rig.append(1)
    return await ended(relay)


async def published(rig) -> bool:
    return await rig.relayed() == await rig.heads()


def shares(rig, process) -> int:
    """How many partitions a worker says it has, of its first build."""
    lines = [line for line in rig.said(process).splitlines() if "partitions assigned" in line and "counters-1" in line]
    return lines[-1].partition("partitions=")[2].count(",") + 1 if lines and "[]" not in lines[-1] else 0


def forget(path) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(path, timeout=5)) as connection, connection:
        for table in ("likes", "_checkpoints"):
            connection.execute(f"DELETE FROM {table}")
