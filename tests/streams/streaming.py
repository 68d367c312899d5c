"""One installation over a real broker: its store, its read models, and processes that a test may kill."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from uuid import uuid4

from domain import likes
from domain.events import Event, PhotoLiked, PhotoUnliked
from infra.eventstore.store import LibraryEventStore
from infra.kafka.checkpoints import SqliteRelayCheckpoints
from infra.kafka.leadership import FileLeadership
from infra.kafka.publishing import KafkaPublisher
from infra.kafka.topics import KafkaTopics
from infra.sqlite.models import SqliteReadModels
from projections.catalogue import BY_NAME
from projections.rows import Projection
from projections.stores import State
from streams.broker import Broker
from streams.hosting import Hosts
from streams.rebuild import rebuild
from streams.relay import Relay
from streams.topics import Topic, topics
from streams.verifying import verify
from tests.contracts.event_stores import CONTEXT, START, SqlitePlace, write
from tests.streams.poison import CHOKING

LOGS = 4
PARTITIONS = 2
ROOT = Path(__file__).parents[2]
DEADLINE_S = 60


@dataclass
class Streaming:
    directory: Path
    servers: str
    prefix: str = field(default_factory=lambda: f"{uuid4().hex[:8]}.")
    choking: bool = False
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    _writers: Iterator[int] = field(default_factory=count)

    @property
    def topic(self) -> Topic:
        return topics(partitions=PARTITIONS, work_partitions=PARTITIONS, replication=1, prefix=self.prefix)[0]

    @property
    def broker(self) -> Broker:
        patience = {"session_s": 2.0, "heartbeat_s": 0.3, "look_s": 0.5, "stall_s": 20.0}
        return Broker(self.servers, self.topic.name, PARTITIONS, group=self.prefix, **patience)

    def projections(self, names: Iterable[str]) -> list[Projection]:
        return [CHOKING if self.choking and name == "likes" else BY_NAME[name] for name in names]

    @asynccontextmanager
    async def opened(self, *names: str) -> AsyncIterator["Streaming"]:
        """With the topic, and a live build of each projection."""
        self.store: LibraryEventStore = SqlitePlace(self.directory, LOGS).open(lambda: datetime.now(UTC))
        self.models = SqliteReadModels(self.directory / "models", self.projections(names))
        self.names = names
        await self.models.open()
        try:
            if not await self.models.status():
                for projection in self.projections(names):
                    await self.models.create(projection, State.LIVE)
            await KafkaTopics(self.servers).ensure([self.topic])
            yield self
        finally:
            for process in self.processes:
                process.kill()
                process.wait()
            await self.models.close()
            await self.store.close()

    def relay(self, checkpoints=None, log=None) -> Relay:
        return Relay(
            "all",
            range(LOGS),
            log=log or self.store,
            publisher=KafkaPublisher(self.servers, self.topic),
            checkpoints=checkpoints or SqliteRelayCheckpoints(self.directory / "events.db"),
            leadership=FileLeadership(self.directory / "locks", ask_s=0.05),
            poll_s=0.02,
        )

    def hosts(self, models=None, on_fed=lambda *_: None) -> Hosts:
        return Hosts(self.store, models or self.models, self.projections(self.names), self.broker, on_fed=on_fed)

    def process(self, role: str, *, die_at: int = 0) -> "subprocess.Popen[bytes]":
        """A relay or hosts in a process; with `die_at` it kills itself in its so manieth step, where it hurts most."""
        arguments = [role, self.directory, self.servers, self.prefix, str(int(self.choking)), str(die_at), *self.names]
        command = [sys.executable, "-m", "tests.streams.streaming", *map(str, arguments)]
        file = (self.directory / f"{role}-{len(self.processes)}.log").open("wb")
        with file:
            started = subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT)
        self.processes.append(started)
        return started

    def said(self, process: "subprocess.Popen[bytes]") -> str:
        (file,) = self.directory.glob(f"*-{self.processes.index(process)}.log")
        return file.read_text()

    async def append(self, number: int, *, group: int = 1) -> None:
        """So many likes and some withdrawn ones, all over the logs, a few in a transaction."""
        writer = next(self._writers)
        for first in range(0, number, group):
            log = first // group % LOGS
            await self.store.append(
                [_like(writer, turn, log) for turn in range(first, min(first + group, number))], CONTEXT
            )

    async def append_like(self, photo: str, member: str) -> None:
        liked = PhotoLiked(at=START, photo_id=photo, owner_id="owner", member_id=member)
        await self.store.append([write(likes.stream(photo, member), liked)], CONTEXT)

    async def heads(self) -> dict[int, int]:
        return {log: await self.store.head(log) for log in range(LOGS)}

    async def level(self) -> None:
        """Until every build has applied every log to its end."""
        heads = {log: head for log, head in (await self.heads()).items() if head}

        async def reached() -> bool:
            return all(
                {log: status.checkpoints.get(log, 0) for log in heads} == heads for status in await self.models.status()
            )

        await until(reached)

    async def same_as_rebuilt(self) -> int:
        """Every live build equals one that is made from the event store; how many rows they have."""
        rows = 0
        for projection in self.projections(self.names):
            built = await rebuild(projection, log=self.store, models=self.models)
            verdict = await verify(projection, replace(built, build=1), built, models=self.models)
            assert (verdict.differences, verdict.same_positions) == ((), True)
            rows += verdict.rows
        return rows

    async def relayed(self) -> dict[int, int]:
        return dict(await SqliteRelayCheckpoints(self.directory / "events.db").load())


@asynccontextmanager
async def running(*services) -> AsyncIterator[None]:
    """These in this process, while the block lasts; an error of theirs is the test's."""
    tasks = [asyncio.create_task(service.run()) for service in services]
    try:
        yield
        for task in tasks:
            assert not task.done(), task.exception()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(true, deadline_s: float = DEADLINE_S) -> None:
    async with asyncio.timeout(deadline_s):
        while not await true():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.02)


def _like(writer: int, turn: int, log: int):
    photo, member = f"photo{turn % 7}", f"m{writer}-{turn}"
    of = {"at": START, "photo_id": photo, "owner_id": "owner", "member_id": member}
    events: list[Event] = [PhotoLiked(**of)] + ([PhotoUnliked(**of)] if turn % 5 == 0 else [])
    return write(replace(likes.stream(photo, member), slot=log), *events)


class Dying:
    """Kills its process without warning right after, or right before, the n-th call of a method."""

    def __init__(self, inner, method: str, at: int, *, before: bool) -> None:
        self._inner, self._method, self._at, self._before = inner, method, at, before
        self._calls = count(1)

    def __getattr__(self, name: str):
        found = getattr(self._inner, name)
        if name != self._method:
            return found

        async def call(*args, **kwargs):
            last = next(self._calls) == self._at
            if last and self._before:
                os.kill(os.getpid(), signal.SIGKILL)
            answer = await found(*args, **kwargs)
            if last:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        return call


async def _process(role: str, directory: str, servers: str, prefix: str, choking: str, die_at: str, *names: str):
    rig = Streaming(Path(directory), servers, prefix, choking=bool(int(choking)))
    async with rig.opened(*names):
        if role == "relay":
            checkpoints = SqliteRelayCheckpoints(rig.directory / "events.db")
            await rig.relay(Dying(checkpoints, "store", int(die_at), before=True)).run()
        else:
            await rig.hosts(Dying(rig.models, "feed", int(die_at), before=False)).run()


if __name__ == "__main__":
    asyncio.run(_process(*sys.argv[1:]))
