"""Topics, leadership and checkpoints: one contract each, over what is shipped."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer

from commands.errors import Unavailable
from infra.kafka.checkpoints import PostgresRelayCheckpoints, SqliteRelayCheckpoints
from infra.kafka.leadership import FileLeadership, PostgresLeadership
from infra.kafka.publishing import KafkaPublisher
from infra.kafka.topics import KafkaTopics
from streams.packing import opened, pack
from streams.ports import Stored
from streams.topics import topics
from tests.streams.streaming import until

ROOT = Path(__file__).parents[3]
cluster = pytest.mark.cluster
kinds = pytest.mark.parametrize("kind", ["file", pytest.param("postgres", marks=cluster)])


@pytest.fixture
def place(kind, request, tmp_path) -> str:
    """Where leaders of one installation meet."""
    if kind == "file":
        return str(tmp_path)
    return request.getfixturevalue("stack").need("postgres-a").postgres[0]


def leadership(kind: str, place: str):
    return FileLeadership(Path(place), ask_s=0.02) if kind == "file" else PostgresLeadership(place, ask_s=0.02)


@kinds
async def test_one_leads_and_the_next_takes_over_when_it_has_done(kind, place):
    name, led = uuid4().hex, []

    async def lead(who: str, until_told: asyncio.Event) -> None:
        async with leadership(kind, place).lead(name) as lease:
            assert await lease.held()
            led.append(who)
            await until_told.wait()

    done = asyncio.Event()
    first = asyncio.create_task(lead("first", done))
    await until(lambda: asyncio.sleep(0, led == ["first"]))
    second = asyncio.create_task(lead("second", done))
    async with leadership(kind, place).lead(uuid4().hex):
        assert led == ["first"]
    first.cancel()
    await until(lambda: asyncio.sleep(0, led == ["first", "second"]))
    done.set()
    await second


@kinds
async def test_the_leadership_of_a_killed_process_ends_with_it(kind, place):
    name = uuid4().hex
    command = [sys.executable, "-m", "tests.infra.kafka.test_adapters", kind, place, name]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as holder:  # noqa: ASYNC220 - the test waits for it
        assert holder.stdout is not None
        assert await asyncio.to_thread(holder.stdout.readline) == b"leads\n"
        taking = asyncio.create_task(_held(kind, place, name))
        holder.kill()
        async with asyncio.timeout(20):
            assert await taking


@cluster
async def test_a_leader_whose_connection_ended_knows_it(stack):
    dsn = stack.need("postgres-a").postgres[0]
    async with PostgresLeadership(dsn).lead(uuid4().hex) as lease:
        pid = lease._connection.info.backend_pid
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as other:
            await other.execute("SELECT pg_terminate_backend(%s)", (pid,))
        assert not await lease.held()


@kinds
async def test_checkpoints_are_what_was_stored_last(kind, place):
    def opened_anew():
        return SqliteRelayCheckpoints(Path(place) / "events.db") if kind == "file" else PostgresRelayCheckpoints(place)

    stores = [opened_anew() for _ in range(5)]
    base = int.from_bytes(os.urandom(2), "big") * 10
    await asyncio.gather(*(each.load() for each in stores[:4]))
    await stores[0].store({base: 5, base + 1: 2**40})
    await stores[1].store({base: 7})
    known = await stores[-1].load()
    for each in stores:
        await each.close()
    assert {log: number for log, number in known.items() if base <= log < base + 10} == {base: 7, base + 1: 2**40}


@cluster
async def test_topics_are_made_once_by_however_many_and_keep_what_they_are(stack):
    servers, prefix = stack.need("kafka").kafka, f"{uuid4().hex[:8]}."
    wanted = topics(partitions=3, work_partitions=2, replication=1, prefix=prefix)
    counts = await asyncio.gather(*(KafkaTopics(servers).ensure(wanted) for _ in range(4)))
    assert all(count == {topic.name: topic.partitions for topic in wanted} for count in counts)
    other = topics(partitions=5, work_partitions=5, replication=1, prefix=prefix)
    assert await KafkaTopics(servers).ensure(other) == counts[0]


@cluster
async def test_parcels_of_a_log_come_in_order_in_one_partition(stack):
    servers = stack.need("kafka").kafka
    topic = topics(partitions=2, work_partitions=1, replication=1, prefix=f"{uuid4().hex[:8]}.")[0]
    parcels = [
        parcel
        for log in range(3)
        for parcel in pack(log, 0, [Stored(log, number, "s", 1, "n", b"x" * 900) for number in range(1, 20_001)])
    ]
    async with KafkaPublisher(servers, topic).sender() as sender:
        await sender.send(parcels)
    consumer = AIOKafkaConsumer(topic.name, bootstrap_servers=servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(20):
            found = [await consumer.getone() for _ in parcels]
    finally:
        await consumer.stop()
    for log in range(3):
        own = [each for each in found if opened(each.value).log == log]
        assert {each.partition for each in own} == {log % 2}
        assert [opened(each.value) for each in own] == [parcel for parcel in parcels if parcel.log == log]


async def test_without_a_broker_it_is_said_so():
    with pytest.raises(Unavailable):
        await KafkaTopics("127.0.0.1:1").ensure([])


async def _held(kind: str, place: str, name: str) -> bool:
    async with leadership(kind, place).lead(name) as lease:
        return await lease.held()


async def _hold(kind: str, place: str, name: str) -> None:
    async with leadership(kind, place).lead(name):
        print("leads", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_hold(*sys.argv[1:]))
