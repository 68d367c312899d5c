"""Events per second from the event store through Kafka and Faust into a counters store, against a bare Faust agent.

The bare agent gets one event a message, already in Kafka, and counts in memory: it has neither a store nor a
checkpoint, and forgets everything when it ends. What is measured beside it reads the event store, packs, sends,
unpacks, decodes, and commits rows and checkpoint; relay and host are processes of their own, as is the bare agent.

    python tests/bench/streaming.py    (takes the stack named by FILMROLL_STACK_DIR, or starts a Kafka of its own)
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Self
from uuid import uuid4

sys.path[0] = str(Path(__file__).parents[2])  # and not this folder, whose modules would hide others

import orjson  # noqa: E402
import uvloop  # noqa: E402

from domain.events import PhotoLiked  # noqa: E402
from infra.collecting import collect_seldom  # noqa: E402
from infra.eventstore.store import LibraryEventStore  # noqa: E402
from infra.kafka.checkpoints import SqliteRelayCheckpoints  # noqa: E402
from infra.kafka.leadership import FileLeadership  # noqa: E402
from infra.kafka.publishing import KafkaPublisher, producing  # noqa: E402
from infra.kafka.topics import KafkaTopics  # noqa: E402
from infra.sqlite.models import SqliteReadModels  # noqa: E402
from infra.stack import control  # noqa: E402
from infra.stack.layout import default_cache  # noqa: E402
from projections.counters import COUNTERS  # noqa: E402
from projections.stores import State  # noqa: E402
from streams.broker import Broker, faust_app  # noqa: E402
from streams.hosting import Hosts  # noqa: E402
from streams.relay import Relay  # noqa: E402
from streams.topics import Topic, topics  # noqa: E402
from tests.contracts.event_stores import CONTEXT, SqlitePlace, stream, write  # noqa: E402

EVENTS = int(os.environ.get("EVENTS", "100000"))
ROUNDS = 3
PARTITIONS = LOGS = 4
DEADLINE_S = 300


class Unseen:
    """An event log whose heads stay at 0, so that hosts are fed by Kafka alone."""

    def __init__(self, log: LibraryEventStore) -> None:
        self._log = log

    def __getattr__(self, name: str):
        return getattr(self._log, name)

    async def head(self, log: int) -> int:
        return 0


def store_in(directory: Path) -> LibraryEventStore:
    return SqlitePlace(directory, LOGS).open(lambda: datetime.now(UTC))


def topic_of(prefix: str) -> Topic:
    return topics(partitions=PARTITIONS, work_partitions=1, replication=1, prefix=prefix)[0]


def broker(servers: str, prefix: str) -> Broker:
    return Broker(servers, topic_of(prefix).name, PARTITIONS, group=prefix, look_s=1.0)


async def fill(store: LibraryEventStore) -> None:
    size = 500
    for first in range(0, EVENTS, size):
        slot = first // size % LOGS
        writes = [
            write(
                stream(f"like-{number}", slot),
                PhotoLiked(
                    at=datetime.now(UTC), photo_id=f"photo{number % 1000}", owner_id="owner", member_id=f"m{number}"
                ),
            )
            for number in range(first, first + size)
        ]
        await store.append(writes, CONTEXT)


async def role(name: str, directory: Path, servers: str, prefix: str) -> None:
    """What each process does until it is killed."""
    if name != "bare":
        collect_seldom()  # as `filmroll relay` and `filmroll worker` do
    store = store_in(directory)
    if name == "relay":
        await Relay(
            "all",
            range(LOGS),
            log=store,
            publisher=KafkaPublisher(servers, topic_of(prefix)),
            checkpoints=SqliteRelayCheckpoints(directory / "events.db"),
            leadership=FileLeadership(directory),
        ).run()
    elif name == "host":
        models = SqliteReadModels(directory / "models", [COUNTERS])
        await models.open()
        await Hosts(Unseen(store), models, [COUNTERS], broker(servers, prefix)).run()  # type: ignore[arg-type]
    else:
        await bare(directory, servers, prefix)


async def bare(directory: Path, servers: str, prefix: str) -> None:
    app = faust_app(f"{prefix}bare", broker(servers, prefix), reset="earliest")
    counts: dict[str, int] = {}
    began = seen = 0.0

    @app.agent(app.topic(topic_of(prefix).name, value_serializer="raw"), concurrency=1)
    async def count(events):
        nonlocal began, seen
        async for body in events:
            began = began or time.time()
            fact = orjson.loads(body)
            photo = fact["fields"]["photo_id"]
            counts[photo] = counts.get(photo, 0) + 1
            seen += 1
            if seen == EVENTS:
                (directory / "took").write_text(str(time.time() - began))

    app.finalize()
    await app.start()
    await asyncio.Event().wait()


class Process:
    """A role of this script, or of another."""

    def __init__(
        self, name: str, directory: Path, servers: str, prefix: str, *more: str, script: str = __file__
    ) -> None:
        self._said = directory / f"{name}.log"
        with self._said.open("wb") as log:
            command = [sys.executable, script, name, str(directory), servers, prefix, *more]
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)

    async def assigned(self) -> bool:
        """Whether a host has all its partitions."""
        return "partitions=[0, 1, 2, 3]" in self._said.read_text()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


async def until(true) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not await true():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.1)


async def packed(directory: Path, servers: str, prefix: str) -> tuple[float, float]:
    """Events/s into Kafka, and into the counters, from the moment that the relay begins."""
    await KafkaTopics(servers).ensure([topic_of(prefix)])
    models = SqliteReadModels(directory / "models", [COUNTERS])
    await models.open()
    model = await models.create(COUNTERS, State.LIVE)
    store = store_in(directory)
    await fill(store)
    heads = {log: await store.head(log) for log in range(LOGS)}
    checkpoints = SqliteRelayCheckpoints(directory / "events.db")

    async def relayed() -> bool:
        return bool(await checkpoints.load())

    async def published() -> bool:
        return await checkpoints.load() == heads

    async def level() -> bool:
        return any(status.model == model and status.checkpoints == heads for status in await models.status())

    with Process("host", directory, servers, prefix) as host:
        await until(host.assigned)
        await asyncio.sleep(1)
        with Process("relay", directory, servers, prefix):
            await until(relayed)
            began, done = time.time(), sum((await checkpoints.load()).values())
            await until(published)
            sent = time.time()
            await until(level)
            applied = time.time()
    await models.close()
    await store.close()
    return (EVENTS - done) / (sent - began), (EVENTS - done) / (applied - began)


async def one_a_message(directory: Path, servers: str, prefix: str) -> float:
    await KafkaTopics(servers).ensure([topic_of(prefix)])
    store = store_in(directory)
    await fill(store)
    async with producing(servers) as producer:
        for log in range(LOGS):
            for fact in await store.read_stored(log, 0, EVENTS):
                await producer.send(topic_of(prefix).name, fact.state, partition=log)
        await producer.flush()
    await store.close()

    async def counted() -> bool:
        return (directory / "took").exists() and bool((directory / "took").read_text())

    with Process("bare", directory, servers, prefix):
        await until(counted)
    return EVENTS / float((directory / "took").read_text())


async def main(servers: str) -> None:
    found: dict[str, list[float]] = {"bare": [], "relay": [], "counters": []}
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as directory:
            found["bare"].append(await one_a_message(Path(directory), servers, f"{uuid4().hex[:8]}."))
        with tempfile.TemporaryDirectory() as directory:
            into_kafka, into_counters = await packed(Path(directory), servers, f"{uuid4().hex[:8]}.")
            found["relay"].append(into_kafka)
            found["counters"].append(into_counters)
    rates = {name: median(rates) for name, rates in found.items()}
    print(f"| {EVENTS:,} events, {PARTITIONS} partitions, median of {ROUNDS} | events/s | times |\n|---|---|---|")
    for name, what in (
        ("bare", "bare Faust agent, one event a message, counting in memory"),
        ("relay", "event store into Kafka (while a host reads)"),
        ("counters", "event store through Kafka and Faust into counters, with checkpoints"),
    ):
        print(f"| {what} | {rates[name]:,.0f} | {rates[name] / rates['bare']:.1f} |")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        with asyncio.Runner(loop_factory=None if sys.argv[1] == "bare" else uvloop.new_event_loop) as runner:
            runner.run(role(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:]))
    elif "FILMROLL_STACK_DIR" in os.environ:
        asyncio.run(main(control.addresses(Path(os.environ["FILMROLL_STACK_DIR"])).kafka))
    else:
        with tempfile.TemporaryDirectory() as root:
            try:
                asyncio.run(main(control.up(Path(root), default_cache(), ["kafka"]).kafka))
            finally:
                control.down(Path(root), wipe=True)
