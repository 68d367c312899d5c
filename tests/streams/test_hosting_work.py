"""Work over a real broker: what waits is done, whatever dies or is forgotten, and a repetition hurts nobody."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from infra.kafka.leadership import FileLeadership
from infra.kafka.publishing import KafkaJobs
from infra.kafka.topics import KafkaTopics
from projections.processing import WaitingPhotoRow
from streams.broker import Broker
from streams.topics import topics
from streams.work import Dispatcher, Job
from streams.workers import Workers
from tests.streams.memory_log import START
from tests.streams.streaming import ROOT, running, until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120), pytest.mark.filterwarnings("default")]


@dataclass
class Works:
    """Rows are files, so that processes share them; a photo that is done loses its row."""

    directory: Path
    servers: str
    prefix: str

    @property
    def topic(self):
        return topics(partitions=1, work_partitions=2, replication=1, prefix=self.prefix)[1]

    @property
    def broker(self) -> Broker:
        return Broker(self.servers, self.topic.name, 2, group=self.prefix, session_s=2.0, heartbeat_s=0.3, look_s=0.5)

    def wait_for(self, count: int) -> None:
        for number in range(count):
            (self.directory / f"photo{number:03}.waits").touch()

    async def page(self, *, after, limit):
        names = sorted(path.stem for path in self.directory.glob("*.waits"))
        rows = [WaitingPhotoRow(name, "owner", START) for name in names if after is None or name > after]
        return rows[:limit]

    async def process(self, photo: str, owner: str) -> None:
        with (self.directory / "done").open("a") as file:
            file.write(f"{photo}\n")
        (self.directory / f"{photo}.waits").unlink(missing_ok=True)

    async def nothing_waits(self) -> bool:
        return not await self.page(after=None, limit=1)

    def done(self) -> Counter[str]:
        return Counter((self.directory / "done").read_text().split())

    def dispatcher(self, **settings) -> Dispatcher:
        jobs = KafkaJobs(self.servers, self.topic)
        return Dispatcher(self, jobs, FileLeadership(self.directory, ask_s=0.05), **({"sweep_s": 0.1} | settings))


@pytest.fixture
async def works(stack, tmp_path) -> Works:
    made = Works(tmp_path, stack.need("kafka").kafka, f"{uuid4().hex[:8]}.")
    await KafkaTopics(made.servers).ensure([made.topic])
    return made


async def test_everything_that_waits_is_done_once(works):
    works.wait_for(150)
    async with running(works.dispatcher(), Workers(works.broker, works.process, concurrency=4)):
        await until(works.nothing_waits)
    assert set(works.done().values()) == {1}
    assert len(works.done()) == 150


async def test_work_in_a_topic_that_is_truncated_is_handed_out_again(works):
    works.wait_for(5)
    async with running(works.dispatcher(again_s=0.3)):
        await until(lambda: handed(works, 5))
    await KafkaTopics(works.servers).truncate(works.topic.name)
    async with running(works.dispatcher(again_s=0.3), Workers(works.broker, works.process, again_s=0.1)):
        await until(works.nothing_waits)


async def test_what_a_killed_worker_had_in_hand_is_done_by_another(works):
    works.wait_for(40)
    script = [sys.executable, "-m", "tests.streams.test_hosting_work", str(works.directory), works.servers]
    async with running(works.dispatcher(again_s=0.5)):
        worker = await asyncio.to_thread(subprocess.run, [*script, works.prefix], cwd=ROOT, timeout=30, check=False)
        assert worker.returncode == -signal.SIGKILL
        assert not await works.nothing_waits()
        async with running(Workers(works.broker, works.process, again_s=0.1)):
            await until(works.nothing_waits)
    assert len(works.done()) == 40


async def test_what_fails_is_handed_out_again(works):
    works.wait_for(3)
    failed = []

    async def process(photo, owner):
        if photo not in failed:
            failed.append(photo)
            raise OSError("the file can't be had now")
        await works.process(photo, owner)

    async with running(works.dispatcher(again_s=0.2), Workers(works.broker, process)):
        await until(works.nothing_waits)
    assert len(failed) == 3


def test_a_job_travels_as_it_is():
    job = Job("photo", "owner", START + timedelta(microseconds=1))
    assert Job.unpacked(job.packed()) == job
    with pytest.raises(ValueError):
        Job.unpacked(b"nonsense")


async def handed(works, count: int) -> bool:
    from aiokafka import AIOKafkaConsumer
    from aiokafka.structs import TopicPartition

    consumer = AIOKafkaConsumer(bootstrap_servers=works.servers)
    await consumer.start()
    try:
        ends = await consumer.end_offsets([TopicPartition(works.topic.name, part) for part in range(2)])
        return sum(ends.values()) >= count
    finally:
        await consumer.stop()


async def _die_at_the_third(directory: str, servers: str, prefix: str) -> None:
    works = Works(Path(directory), servers, prefix)

    async def process(photo, owner):
        if (works.directory / "done").exists() and len(works.done()) >= 3:
            os.kill(os.getpid(), signal.SIGKILL)
        await works.process(photo, owner)

    await Workers(works.broker, process, concurrency=2).run()


if __name__ == "__main__":
    asyncio.run(_die_at_the_third(*sys.argv[1:]))
