"""Chunks through a real topic: each is done, whatever becomes of the topic, and no author waits for another's last."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from infra.kafka.assembling import all_topics
from infra.kafka.leadership import FileLeadership
from infra.kafka.publishing import KafkaJobs
from infra.kafka.topics import KafkaTopics
from infra.settings import Settings
from infra.sqlite.timelines import SqliteChunks
from projections.stores import Model
from projections.timelines import BUCKETS, TimelineRow, build_timelines
from streams.broker import Broker
from streams.fanout import TURN, ChunkDispatcher, ChunkJob, Chunks, Hot, do
from streams.topics import Name, Topic
from streams.verifying import dump
from streams.workers import Workers
from tests.projections.feeding import feed_all, sqlite_models
from tests.projections.histories import World
from tests.streams.memory_log import MemoryLog
from tests.streams.streaming import running, until

TINY = build_timelines(inline=1)


@dataclass
class Rig:
    """Two authors, both with followers and photos, whose chunks nobody has done yet, and a topic."""

    chunks: Chunks
    topic: Topic
    servers: str
    directory: Path
    expected: set[tuple[str, str]]
    rows: object
    taken: list[str] = field(default_factory=list)

    def dispatcher(self, **said) -> ChunkDispatcher:
        jobs = KafkaJobs(self.servers, self.topic)
        return ChunkDispatcher(self.chunks, jobs, FileLeadership(self.directory, ask_s=0.05), **{"sweep_s": 0.1} | said)

    def worker(self, work=None) -> Workers:
        broker = Broker(self.servers, self.topic.name, self.topic.partitions, group=self.topic.name)
        return Workers(broker, work or partial(do, self.chunks), name="fanout", unpack=ChunkJob.unpacked, again_s=0.1)

    async def nobody_is_hot(self) -> bool:
        return not await self.chunks.hot()

    async def written(self) -> set[tuple[str, str]]:
        return {(row.member_id, row.photo_id) for row in await self.rows() if isinstance(row, TimelineRow)}


@asynccontextmanager
async def rig(stack, directory: Path) -> AsyncIterator[Rig]:
    settings = Settings(kafka=stack.need("kafka").kafka, kafka_prefix=f"{uuid4().hex[:8]}.", kafka_work_partitions=2)
    topic = all_topics(settings)[Name.FANOUT]
    await KafkaTopics(settings.kafka).ensure([topic])
    world = World(MemoryLog(2)).live(*[("join", 0, 0, 0)] * 6)
    world.live(*[("follow", fan, author, 0) for fan in (2, 3, 4, 5) for author in (0, 1)])
    world.live(*[("upload", author, 0, 0) for author in (0, 0, 0, 1)])
    members = list(world.members)
    expected = {
        (member, photo) for photo, known in world.photos.items() for member in (known["owner_id"], *members[2:])
    }
    async with sqlite_models(directory / "models", catalogue=(TINY,)) as models:
        model = await feed_all(models, TINY, world.log)
        rows = partial(dump, TINY, model, models=models)
        yield Rig(SqliteChunks(models), topic, settings.kafka, directory, expected, rows)


@pytest.mark.cluster
async def test_workers_take_all_chunks_and_authors_cool(stack, tmp_path):
    async with rig(stack, tmp_path) as made:
        assert await made.written() < made.expected
        async with running(made.dispatcher(), made.worker(), made.worker()):
            await until(made.nobody_is_hot)
        assert await made.written() == made.expected


@pytest.mark.cluster
async def test_what_a_truncated_topic_or_a_failing_worker_loses_is_handed_out_again(stack, tmp_path):
    failed: set[str] = set()
    async with rig(stack, tmp_path) as made:

        async def work(hot: Hot, chunk_id: str) -> None:
            if chunk_id not in failed:
                failed.add(chunk_id)
                raise OSError("not now")
            await do(made.chunks, hot, chunk_id)

        dispatcher = made.dispatcher(again_s=0.3)
        async with running(dispatcher):
            await until(lambda: _handed(dispatcher))
        await KafkaTopics(made.servers).truncate(made.topic.name)
        async with running(made.dispatcher(again_s=0.3), made.worker(work)):
            await until(made.nobody_is_hot)
        assert failed
        assert await made.written() == made.expected


async def _handed(dispatcher: ChunkDispatcher) -> bool:
    return bool(dispatcher._handed)


@dataclass
class Many:
    """Chunks of one author who has very many, and of one who has few."""

    given: list[list[ChunkJob]] = field(default_factory=list)

    async def hot(self):
        return [Hot(Model("timelines", 1), "busy"), Hot(Model("timelines", 1), "quiet")]

    async def of(self, hot, *, limit):
        @dataclass
        class Chunk:
            chunk_id: str

        return [Chunk(f"{hot.owner_id}-{number}") for number in range(1_000 if hot.owner_id == "busy" else 2)][:limit]

    async def cool(self, hot):
        raise AssertionError("both have work left")

    async def give(self, jobs):
        self.given.append([ChunkJob.unpacked(job) for job in jobs])


async def test_no_author_is_kept_waiting_by_one_with_very_many_chunks():
    desk = Many()
    dispatcher = ChunkDispatcher(desk, None, None)
    await dispatcher._hand_out(desk)
    (first,) = desk.given
    assert [job.hot.owner_id for job in first] == ["busy"] * TURN + ["quiet"] * 2
    await dispatcher._hand_out(desk)
    assert desk.given[1] == [], "nothing is handed out twice while it is in hand"


def test_a_chunk_travels_as_it_is():
    job = ChunkJob(Hot(Model("timelines", 3), "owner"), f"{'0' * 19}-{BUCKETS}")
    assert ChunkJob.unpacked(job.packed()) == job
    with pytest.raises(ValueError):
        ChunkJob.unpacked(b"nonsense")
