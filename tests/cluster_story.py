"""A cluster of one's own to be hurt under a load of writes, and whether what it shows afterwards is what its logs say."""

import asyncio
import os
import random
import shutil
import signal
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
from redis import Redis

from infra.bootstrap import open_core
from infra.cli.logs import move
from infra.core import Core
from infra.eventstore import placement
from infra.kafka.topics import KafkaTopics
from infra.opensearch.connecting import OpenSearch
from infra.settings import Settings
from infra.stack import control, state
from infra.stack.layout import default_cache
from projections.catalogue import CATALOGUE
from projections.rows import Projection
from projections.stores import Model, ModelStatus, State
from streams.fanout import FanOut
from streams.rebuild import catch_up
from streams.topics import Name, named
from streams.verifying import verify
from tests.cluster import borrow, give_back
from tests.conftest import ALL_SERVERS
from tests.databases import drop, fresh
from tests.people import Person, jpeg, person
from tests.servers import Servers
from tests.serving import Server, realm

LOGS = 4
WORKERS = 2
PARTS = {"api": "serve", "relay": "relay", "workers": "worker all", "media": "worker media"}
DEADLINE_S = 240
_LOOK_S = 0.05
_TRY_AGAIN_S = 0.1


def until(holds: Callable[[], bool], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Wait for a condition that nobody announces."""
    end, pause = time.monotonic() + deadline_s, threading.Event()
    while not holds():
        assert time.monotonic() < end, f"not within {deadline_s} s: {what}"
        pause.wait(_LOOK_S)


class Story:
    """`filmroll up` on servers that a test may stop: with databases, keyspace, topics and bucket of its own."""

    def __init__(
        self, stack: Servers, data: Path, *, environment: Mapping[str, str] | None = None, program: str | None = None
    ) -> None:
        self.addresses = stack.need(*ALL_SERVERS)
        self.dsns = fresh(self.addresses.postgres)
        self._stack = stack
        self._space = borrow(self.addresses)
        own = realm(f"story_{uuid.uuid4().hex[:12]}", self.dsns) | {
            "FILMROLL_CASSANDRA_KEYSPACE": self._space,
            "FILMROLL_PROFILE": "cluster",
            "FILMROLL_DATA": str(data),
            "FILMROLL_LOGS": str(LOGS),
            "FILMROLL_POSTGRES_REPLICAS": "",
            "FILMROLL_KAFKA_PARTITIONS": "4",
            "FILMROLL_KAFKA_WORK_PARTITIONS": "4",
            "FILMROLL_KAFKA_SESSION_S": "6",
            "FILMROLL_WORK_AGAIN_S": "3",
            "FILMROLL_CATCH_UP_S": "5",
            **(environment or {}),
        }
        self.prefix = own["FILMROLL_KAFKA_PREFIX"]
        self.environment = control.environment(stack.root) | own
        arguments = ("--stack", str(stack.root), "--workers", str(WORKERS))
        started = {} if program is None else {"program": (program,)}
        self.server = Server(data, *arguments, command="up", environment=own, **started)

    def start(self) -> None:
        """Bring it up, with four photos that everybody may like."""
        self.server.start(deadline_s=240)
        self.author = person(self.server.url, "author")
        self.writers = [Writer(person(self.server.url, f"writer{number}"), number) for number in range(4)]
        for writer in self.writers:
            writer.others = [other.me.username for other in self.writers if other is not writer]
        self.photos = [self.author.publish(seed=number) for number in range(4)]
        self.quiet = self.author.publish(seed=9)
        for photo in (*self.photos, self.quiet):
            assert self.author.ready(photo, DEADLINE_S)["status"] == "ready"
        for writer in self.writers:
            writer.photos = self.photos
            writer.me.call("PUT", f"/photos/{self.quiet}/like", status=200)
        until(lambda: self.counted() == len(self.writers), "the likes of the quiet photo")

    def end(self) -> None:
        """Take it down, with its databases, its indices and all that its keyspace holds."""
        self.server.stop()
        drop(self.dsns)
        asyncio.run(self._forget())
        give_back(self.addresses, self._space)

    async def _forget(self) -> None:
        opensearch = OpenSearch(self.addresses.opensearch, prefix=self._space)
        await opensearch.ask("DELETE", f"/{self._space}-*")
        await opensearch.close()

    # What runs, and how it is hurt.

    def processes(self, part: str) -> set[int]:
        """Those that `filmroll up` keeps for a part now."""
        return {process for process in self._children() if _arguments(process) == PARTS[part]}

    def _children(self) -> Iterator[int]:
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = stat.read_text().rpartition(") ")[2].split()[1]
            except (FileNotFoundError, ProcessLookupError):  # it ended while we looked
                continue
            if int(parent) == self.server.pid:
                yield int(stat.parent.name)

    def kill(self, part: str) -> None:
        """`kill -9`, and wait until `filmroll up` has started others in their places."""
        gone = self.processes(part)
        assert gone, part
        for process in gone:
            os.kill(process, signal.SIGKILL)
        until(lambda: len(self.processes(part) - gone) == len(gone), f"another {part}")

    @contextmanager
    def halted(self, part: str) -> Iterator[Callable[[], None]]:
        """A part does nothing until it is told to go on, at the latest when this ends."""
        processes = self.processes(part)
        assert processes, part

        def resume() -> None:
            for process in processes & self.processes(part):
                os.kill(process, signal.SIGCONT)

        try:
            for process in processes:
                os.kill(process, signal.SIGSTOP)
            yield resume
        finally:
            resume()

    @contextmanager
    def without(self, server: str) -> Iterator[None]:
        """One of the servers is killed, and started again with its data."""
        control.kill(self._stack.root, server)
        try:
            yield
        finally:
            control.up(self._stack.root, default_cache(), [server])

    def copied(self, server: str) -> Path:
        """A copy of what a server holds now."""
        copy = self.server.data.parent / f"{server}-{uuid.uuid4().hex[:8]}"
        shutil.copytree(self._stack.root / "data" / server, copy)
        return copy

    def put_back(self, server: str, copy: Path) -> None:
        """The server starts again with what it held when it was copied."""
        with self.without(server):
            shutil.rmtree(self._stack.root / "data" / server)
            shutil.copytree(copy, self._stack.root / "data" / server)

    @contextmanager
    def hanging(self, server: str) -> Iterator[None]:
        """A server takes connections and says nothing, until this ends."""
        known = state.read(self._stack.root)
        assert known is not None
        process = known.processes[server].pid
        os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(process, signal.SIGCONT)

    def wipe_counts(self) -> None:
        """Redis starts again with nothing."""
        with Redis.from_url(self.addresses.redis) as redis:
            redis.flushall()
        with self.without("redis"):
            pass

    def truncate(self) -> None:
        """Kafka forgets all that it holds of this installation."""

        async def each() -> None:
            topics = KafkaTopics(self.addresses.kafka)
            for name in Name:
                await topics.truncate(named(name, self.prefix))

        asyncio.run(each())

    @contextmanager
    def unable_to_keep(self) -> Iterator[Callable[[], bool]]:
        """The relay sends, but can't keep its checkpoint; whether it waits for that."""
        with psycopg.connect(self.dsns[0]) as holding, psycopg.connect(self.dsns[0], autocommit=True) as looking:
            holding.execute("LOCK TABLE relay_checkpoints IN EXCLUSIVE MODE")

            def waits() -> bool:
                found = looking.execute(
                    "SELECT 1 FROM pg_locks WHERE relation = 'relay_checkpoints'::regclass AND NOT granted"
                )
                return found.fetchone() is not None

            yield waits

    def placed(self, log: int) -> int:
        """The database that holds a log."""
        with psycopg.connect(self.dsns[0]) as catalogue:
            return placement.placements(catalogue)[log].database

    def move(self, log: int, database: int) -> None:
        """`filmroll logs move`, without the time that a process takes to start on a busy machine."""
        with _environment(self.environment):
            move(log, database)

    def relayed(self) -> int:
        """How many numbers of all logs Kafka has acknowledged."""
        with psycopg.connect(self.dsns[0]) as catalogue:
            return int(catalogue.execute("SELECT sum(number) FROM relay_checkpoints").fetchone()[0])

    # What is written meanwhile, and what is shown of it.

    @contextmanager
    def load(self) -> Iterator["Load"]:
        """Everybody writes for as long as this lasts; afterwards all that was acknowledged is shown."""
        load = Load(threading.Event())
        threads = [threading.Thread(target=writer.run, args=(load,), daemon=True) for writer in self.writers]
        for thread in threads:
            thread.start()
        try:
            yield load
            load.more(20)
        finally:
            load.over.set()
            for thread in threads:
                thread.join(DEADLINE_S)
        assert load.surprises == []
        for writer in self.writers:
            writer.check()

    def counted(self) -> int | None:
        """How many likes the photo that nobody touches any more is said to have; None where it isn't said."""
        answer = self.author.call("GET", f"/photos/{self.quiet}")
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            return None
        answer.raise_for_status()
        likes = answer.json()["counts"]["likes"]
        return None if likes is None else int(likes)

    def exact(self) -> int | None:
        """The same, and never wrong."""
        counted = self.counted()
        assert counted in (None, len(self.writers))
        return counted

    def counts_in_feed(self) -> list[dict[str, Any]]:
        """What the author's feed says of its photos; all of them are there."""
        items = self.author.get("/feed")["items"]
        assert {*self.photos, self.quiet} <= {item["photo_id"] for item in items}
        return [item["counts"] for item in items]

    def found(self, username: str) -> bool | None:
        """Whether a member is found by their name; None where nobody searches."""
        answer = self.author.call("GET", f"/search/members?q={username}")
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            assert answer.json()["code"] == "unavailable"
            return None
        answer.raise_for_status()
        return username in [card["username"] for card in answer.json()["items"]]

    # What the stores hold.

    def begun_after(self, act: Callable[[], None]) -> None:
        """Do something, and return as soon as any live build has moved."""
        asyncio.run(self._begun_after(act))

    async def _begun_after(self, act: Callable[[], None]) -> None:
        async with self.core() as core, asyncio.timeout(DEADLINE_S):
            before = await _standing(core)
            act()
            while await _standing(core) == before:  # noqa: ASYNC110 - another process moves them
                await asyncio.sleep(0)

    @asynccontextmanager
    async def core(self) -> AsyncIterator[Core]:
        """The installation, opened from here."""
        with _environment(self.environment):
            settings = Settings()
        async with open_core(settings) as core:
            yield core

    def rebuilt_differently(self, projections: Iterable[Projection] = CATALOGUE) -> list[str]:
        """What differs between the live builds, once level with the logs, and fresh ones; nothing may."""
        return asyncio.run(self._compare(list(projections)))

    async def _compare(self, projections: list[Projection]) -> list[str]:
        names = {each.name for each in projections}
        async with self.core() as core:
            live = {status.model.projection: status for status in await level(core, names)}
            found = [
                f"{each.model} has {each.dead_letters} dead letters" for each in live.values() if each.dead_letters
            ]
            for projection in projections:
                shown, built = live[projection.name].model, await _built(core, projection)
                await FanOut(core.queries.chunks).drain()
                verdict = await verify(projection, shown, built, models=core.models)
                if not verdict.equal:
                    found.append(f"{shown} against {built}: {verdict}")
            return found


async def _standing(core: Core) -> list[Mapping[int, int]]:
    return [each.checkpoints for each in await core.models.status() if each.state is State.LIVE]


async def _built(core: Core, projection: Projection) -> Model:
    """A build from the first fact to the last, which no worker is to feed: so it stays as it is."""
    build = await core.models.create(projection, State.BUILDING)
    await catch_up(build, projection, log=core.store, models=core.models)
    return build


async def level(core: Core, names: Iterable[str]) -> list[ModelStatus]:
    """The live builds of these read models, as soon as they are as far as the logs are now."""
    heads = {log: await core.store.head(log) for log in range(core.store.logs)}
    async with asyncio.timeout(DEADLINE_S):
        while True:
            live = [each for each in await core.models.status() if each.state is State.LIVE]
            wanted = [each for each in live if each.model.projection in names]
            if all(each.checkpoints.get(log, 0) >= head for each in wanted for log, head in heads.items()):
                return wanted
            await asyncio.sleep(_LOOK_S)


def _arguments(process: int) -> str:
    """The command and its name, as far as they tell the parts of a cluster apart."""
    try:
        words = Path(f"/proc/{process}/cmdline").read_text().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return " ".join(words[2:4] if words[2:3] == ["worker"] else words[2:3])


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@dataclass
class Load:
    """What a load of writes has come to so far."""

    over: threading.Event
    acknowledged: int = 0
    refused: int = 0
    unanswered: int = 0
    surprises: list[str] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def note(self, answer: httpx.Response | None) -> None:
        """A write was acknowledged, refused because a store is away, or left without an answer (None)."""
        with self._changed:
            if answer is not None and answer.is_success:
                self.acknowledged += 1
            elif answer is None:
                self.unanswered += 1
            elif answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
                self.refused += 1
            else:
                self.surprises.append(f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text}")
            self._changed.notify_all()

    def more(self, writes: int, deadline_s: float = DEADLINE_S) -> None:
        """Wait until so many more writes are acknowledged."""
        with self._changed:
            wanted = self.acknowledged + writes
            came = self._changed.wait_for(lambda: self.acknowledged >= wanted or self.surprises, deadline_s)
            assert came, f"{self.acknowledged - wanted + writes} of {writes} writes within {deadline_s} s"
            assert not self.surprises, self.surprises

    def refusals(self, number: int, deadline_s: float = DEADLINE_S) -> None:
        """Wait until so many writes more are refused."""
        with self._changed:
            wanted = self.refused + number
            assert self._changed.wait_for(lambda: self.refused >= wanted, deadline_s)


@dataclass
class Writer:
    """One member who writes on and on, whatever breaks, and remembers what was acknowledged."""

    me: Person
    seed: int
    photos: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    likes: dict[str, bool | None] = field(default_factory=dict)
    follows: dict[str, bool | None] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    published: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)

    def run(self, load: Load) -> None:
        """Write until it is over; an answer that does not come, or says that a store is away, is no answer."""
        while not load.over.is_set():
            answer = None
            with suppress(httpx.TransportError):
                answer = self._write()
            load.note(answer)
            if answer is None or not answer.is_success:
                load.over.wait(_TRY_AGAIN_S)

    def _write(self) -> httpx.Response:
        match self._dice.randrange(20):
            case 0:
                return self._publish()
            case 1 | 2 | 3 | 4 | 5:
                return self._comment(self._dice.choice(self.photos))
            case 6 | 7 | 8:
                other = self._dice.choice(self.others)
                return self._turn(self.follows, other, f"/members/{other}/follow")
            case _:
                photo = self._dice.choice(self.photos)
                return self._turn(self.likes, photo, f"/photos/{photo}/like")

    def _turn(self, known: dict[str, bool | None], about: str, path: str) -> httpx.Response:
        """What is, is taken back; what is not, is given. Without an answer, either may be."""
        wanted = not known.get(about, False)
        known[about] = None
        answer = self.me.call("PUT" if wanted else "DELETE", path)
        if answer.is_success:
            known[about] = wanted
        return answer

    def _comment(self, photo: str) -> httpx.Response:
        text = f"{self.me.username} {self._dice.random()}"
        answer = self.me.call("POST", f"/photos/{photo}/comments", json={"text": text})
        if answer.is_success:
            self.comments[answer.json()["comment_id"]] = text
        return answer

    def _publish(self) -> httpx.Response:
        content = jpeg(self._dice.randrange(10**6), (40, 30))
        try:
            upload = self.me.upload(content)
        except AssertionError:  # the first of three requests had no good answer; what it was, the next one says
            return self.me.call("PUT", f"/members/{self.others[0]}/follow")
        answer = self.me.call("POST", "/photos", json={"upload_id": upload})
        if answer.is_success:
            self.published.append(answer.json()["photo_id"])
        return answer

    def check(self) -> None:
        """Everything that was acknowledged is shown, and no like that was taken back."""
        for photo in self.photos:
            liked = self._get(f"/photos/{photo}")["viewer"]["liked"]
            assert self.likes.get(photo, False) in (None, liked), (self.me.username, photo)
            self.likes[photo] = liked
        following = {card["username"] for card in self._list(f"/members/{self.me.username}/following")}
        for other, follows in self.follows.items():
            assert follows in (None, other in following), (self.me.username, other)
            self.follows[other] = other in following
        for photo in self.published:
            assert self._get(f"/photos/{photo}")["owner"]["username"] == self.me.username
        mine = {
            comment["comment_id"]: comment["text"]
            for photo in self.photos
            for comment in self._list(f"/photos/{photo}/comments")
        }
        assert {comment: mine.get(comment) for comment in self.comments} == self.comments

    def _list(self, path: str) -> list[dict[str, Any]]:
        self._get(path)
        return self.me.walk(path, limit=100)

    def _get(self, path: str) -> dict[str, Any]:
        """What a read says, as soon as it can say it."""
        answers: list[httpx.Response] = []

        def said() -> bool:
            try:
                answers.append(self.me.call("GET", path))
            except httpx.TransportError:
                return False
            assert answers[-1].status_code in (httpx.codes.OK, httpx.codes.SERVICE_UNAVAILABLE), answers[-1].text
            return answers[-1].is_success

        until(said, path)
        return dict(answers[-1].json())
