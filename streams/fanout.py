"""Fan-out: the chunks that the `timelines` projection leaves are written into timelines, author by author in turn.

A chunk is a row, so nothing is lost with a process; writing one twice changes nothing. An author is hot, their list
merged into feeds at read, until their last chunk is done. In one process `FanOut` does the work; in the cluster a
`ChunkDispatcher` hands it out through a topic, and all workers take it.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

import structlog
from prometheus_client import Counter, Gauge

from domain.ids import MemberId, PhotoId
from domain.positions import place_of
from projections.stores import Model
from projections.timelines import ChunkRow, TimelineFollowerRow, TimelinePhotoRow, TimelineRow
from streams.relay import Leadership, Lease
from streams.work import AGAIN_S, SWEEP_S, Hand, Jobs

PAGE: Final = 1_000
"""Rows that are written in one step: few enough that no other writer of the store waits for long."""
TURN: Final = 16
"""Chunks of one author that are done, or handed out, before the next author has a turn."""
_BACK_OFF_S: Final = 1.0

_ROWS: Final = Counter("filmroll_fanout_rows", "Timeline rows written by chunks.")
_CHUNKS: Final = Counter("filmroll_fanout_chunks", "Chunks done.")
_HOT: Final = Gauge("filmroll_fanout_hot_authors", "Authors with chunks left, over all builds, at the last look.")

_log = structlog.get_logger(__name__)


class Hot(NamedTuple):
    """An author with chunks left in a build."""

    model: Model
    owner_id: MemberId


class Chunks(Protocol):
    """Where chunks lie, and what they are made of, in every build of the timelines that is not set aside."""

    async def hot(self) -> Sequence[Hot]:
        """Everybody with work to do, and those who have just none left."""
        ...

    async def of(self, hot: Hot, *, limit: int) -> Sequence[ChunkRow]:
        """The author's oldest chunks whose facts the build has applied."""
        ...

    async def get(self, hot: Hot, chunk_id: str) -> ChunkRow | None:
        """One chunk, if it is not done, and its fact was applied."""
        ...

    async def followers(
        self, hot: Hot, bucket: str, *, after: TimelineFollowerRow | None, limit: int
    ) -> Sequence[TimelineFollowerRow]:
        """Followers of the author in a bucket, in the order of their key; those that ended too."""
        ...

    async def photos(self, hot: Hot, *, before: PhotoId | None, limit: int) -> Sequence[TimelinePhotoRow]:
        """The author's photos, newest first."""
        ...

    async def write(self, hot: Hot, chunk: ChunkRow, rows: Sequence[TimelineRow]) -> None:
        """Write timeline rows of a chunk."""
        ...

    async def done(self, hot: Hot, chunk: ChunkRow) -> None:
        """End a chunk, and with the author's last one their being hot."""
        ...

    async def cool(self, hot: Hot) -> None:
        """End an author's being hot, if no chunk is left."""
        ...


async def do(chunks: Chunks, hot: Hot, chunk_id: str) -> None:
    """Do a chunk; one that is done already is nothing to do."""
    chunk = await chunks.get(hot, chunk_id)
    if chunk is None:
        return
    if chunk.follower_id is not None:
        await _photos_to(chunks, hot, chunk, [chunk.follower_id])
    else:
        after: TimelineFollowerRow | None = None
        while followers := await chunks.followers(hot, chunk.bucket, after=after, limit=PAGE):
            at = place_of(chunk.number)
            to = [each.follower_id for each in followers if each.followed_at(at)]
            await _photos_to(chunks, hot, chunk, to)
            after = followers[-1]
    await chunks.done(hot, chunk)
    _CHUNKS.inc()


async def _photos_to(chunks: Chunks, hot: Hot, chunk: ChunkRow, followers: Sequence[MemberId]) -> None:
    if chunk.photo_id is not None:
        await _write(chunks, hot, chunk, followers, [chunk.photo_id])
        return
    before: PhotoId | None = None
    while followers and (photos := await chunks.photos(hot, before=before, limit=PAGE)):
        recent = [each for each in photos if each.photo_id >= chunk.oldest]
        wanted = [each.photo_id for each in recent if each.number < chunk.number]
        await _write(chunks, hot, chunk, followers, wanted)
        if len(recent) < len(photos):
            return
        before = photos[-1].photo_id


async def _write(
    chunks: Chunks, hot: Hot, chunk: ChunkRow, followers: Sequence[MemberId], photos: Sequence[PhotoId]
) -> None:
    rows = [TimelineRow(follower, photo, hot.owner_id) for follower in followers for photo in photos]
    for start in range(0, len(rows), PAGE):
        part = rows[start : start + PAGE]
        await chunks.write(hot, chunk, part)
        _ROWS.inc(len(part))


@dataclass(slots=True)
class FanOut:
    """Does the chunks inside this process, until it is stopped."""

    chunks: Chunks
    sweep_s: float = AGAIN_S
    """How often it looks without a nudge."""
    error: str | None = None
    """What goes wrong at the moment; None when all is well."""
    _nudged: asyncio.Event = field(default_factory=asyncio.Event)
    _loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Work from now on."""
        self._loop = asyncio.create_task(self._run(), name="fan-out")

    def nudge(self) -> None:
        """There may be something new (the follower says so)."""
        self._nudged.set()

    async def stop(self) -> None:
        """Leave off; what is not done is done another time."""
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
            self._loop = None

    async def drain(self) -> None:
        """Work until nothing is left."""
        while await self._round():
            pass

    async def _run(self) -> None:
        while True:
            self._nudged.clear()
            pause = self.sweep_s
            try:
                if await self._round():
                    continue
                self.error = None
            except Exception as error:  # noqa: BLE001 reported, and tried again
                _log.error("chunks are not done", exc_info=error)
                self.error, pause = f"{type(error).__name__}: {error}", _BACK_OFF_S
            try:
                async with asyncio.timeout(pause):
                    await self._nudged.wait()
            except TimeoutError:
                continue

    async def _round(self) -> bool:
        """A turn for every author, whatever goes wrong with others; whether there was anything to do."""
        worked = False
        failed: Exception | None = None
        hot = await self.chunks.hot()
        _HOT.set(len(hot))
        for author in hot:
            try:
                worked |= await self._turn(author)
            except Exception as error:  # noqa: BLE001 raised when everybody had their turn
                failed = failed or error
        if failed is not None:
            raise failed
        return worked

    async def _turn(self, author: Hot) -> bool:
        due = await self.chunks.of(author, limit=TURN)
        for chunk in due:
            await do(self.chunks, author, chunk.chunk_id)
        if not due:
            await self.chunks.cool(author)
        return bool(due)


class ChunkJob(NamedTuple):
    """A chunk as it travels."""

    hot: Hot
    chunk_id: str

    @property
    def given(self) -> tuple[Hot, str]:
        """What a worker needs."""
        return self.hot, self.chunk_id

    def packed(self) -> bytes:
        """As it travels."""
        model = self.hot.model
        return f"{model.projection} {model.build} {self.hot.owner_id} {self.chunk_id}".encode()

    @classmethod
    def unpacked(cls, body: bytes) -> "ChunkJob":
        """What travelled; raises `ValueError` for bytes that are no chunk."""
        projection, build, owner, chunk = body.decode().split(" ")
        return cls(Hot(Model(projection, int(build)), owner), chunk)


@dataclass(slots=True)
class ChunkDispatcher:
    """Hands out chunks, some of each author in turn, and again what is not done in time; of many processes one leads."""

    chunks: Chunks
    jobs: Jobs
    leadership: Leadership
    sweep_s: float = SWEEP_S
    again_s: float = AGAIN_S
    _nudged: asyncio.Event = field(default_factory=asyncio.Event)
    _handed: dict[ChunkJob, float] = field(default_factory=dict)

    def nudge(self) -> None:
        """There may be something new."""
        self._nudged.set()

    async def run(self) -> None:
        """Hand out until cancelled, after whatever goes wrong."""
        while True:
            try:
                async with self.leadership.lead("fanout") as lease, self.jobs.handing_out() as hand:
                    await self._lead(lease, hand)
            except Exception as error:  # noqa: BLE001 reported, and tried again
                _log.error("chunks are not handed out", exc_info=error)
                await asyncio.sleep(_BACK_OFF_S)

    async def _lead(self, lease: Lease, hand: Hand) -> None:
        while await lease.held():
            self._nudged.clear()
            await self._hand_out(hand)
            try:
                async with asyncio.timeout(self.sweep_s):
                    await self._nudged.wait()
            except TimeoutError:
                continue

    async def _hand_out(self, hand: Hand) -> None:
        """Some chunks of every author, those in hand left out."""
        now = time.monotonic()
        self._handed = {job: until for job, until in self._handed.items() if until > now}
        hot = await self.chunks.hot()
        _HOT.set(len(hot))
        due: list[ChunkJob] = []
        for author in hot:
            known = [ChunkJob(author, chunk.chunk_id) for chunk in await self.chunks.of(author, limit=TURN)]
            due += [job for job in known if job not in self._handed]
            if not known:
                await self.chunks.cool(author)
        await hand.give(job.packed() for job in due)
        self._handed.update(dict.fromkeys(due, now + self.again_s))
