"""The ports `Timelines` and `Chunks` over Cassandra: a page is a slice of one partition, the newest month's, most often.

Workers write beside the host. What they end, they end just after the fact that made it was written, so a host that
writes it again does not bring it back; and they begin only what the host's checkpoint covers, so all that was recorded
before a chunk's fact is there.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from heapq import merge
from itertools import islice
from typing import Final

from domain.ids import MemberId, PhotoId
from infra.cassandra.models import CassandraModels
from infra.cassandra.reading import past
from infra.cassandra.stored import Dated
from infra.sqlite.shapes import micros
from projections.rows import Key
from projections.timelines import (
    TIMELINES,
    CelebrityRow,
    ChunkRow,
    HotAuthorRow,
    TimelineFollowerRow,
    TimelinePhotoRow,
    TimelineRow,
)
from streams.fanout import Hot

_FEW: Final = 32
"""Authors whose lists are asked for one by one, each no longer than the page; of more, whole spans of time are."""
_MOST: Final = 100_000
_STEP: Final = 250
"""Timeline rows that a process writes at once, so that others wait for few."""


class CassandraTimelines:
    """Home timelines, as written ahead, and what is merged into them."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def page(
        self, member_id: MemberId, *, before: PhotoId | None, limit: int, oldest: PhotoId = ""
    ) -> Sequence[TimelineRow]:
        """Newest first."""
        reader = await self._models.live(TIMELINES)
        found = await reader.recent(TimelineRow, member_id, below=before, down_to=oldest, limit=limit)
        return [row for row in found if row.photo_id >= oldest]

    async def celebrities(self) -> frozenset[MemberId]:
        """Authors with so many followers that their photos are not fanned out."""
        reader = await self._models.live(TIMELINES)
        return frozenset(row.owner_id for row in await reader.all(CelebrityRow, None, _MOST))

    async def hot(self) -> frozenset[MemberId]:
        """Celebrities, and authors with chunks left to do.

        Celebrities first: one who ceases to be one is hot before.
        """
        reader = await self._models.live(TIMELINES)
        celebrities = await reader.all(CelebrityRow, None, _MOST)
        hot = await reader.all(HotAuthorRow, None, _MOST)
        return frozenset([row.owner_id for row in celebrities] + [row.owner_id for row in hot])

    async def of_authors(
        self, owner_ids: Iterable[MemberId], *, before: PhotoId | None, oldest: PhotoId, limit: int
    ) -> Sequence[PhotoId]:
        """The photos of several authors together, newest first."""
        owners = list(owner_ids)
        reader = await self._models.live(TIMELINES)
        if len(owners) > _FEW:
            rows = await reader.between(TimelinePhotoRow, owners, oldest, before)
            return sorted((row.photo_id for row in rows), reverse=True)[:limit]
        lists = await asyncio.gather(
            *(reader.page(TimelinePhotoRow, each, past(before), limit=limit, newest=True) for each in owners)
        )
        newest = merge(*([row.photo_id for row in rows] for rows in lists), reverse=True)
        return [photo for photo in islice(newest, limit) if photo >= oldest]


class CassandraChunks:
    """Chunks of fan-out in every build of the timelines."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models
        self._turn = asyncio.Lock()

    async def hot(self) -> Sequence[Hot]:
        """Everybody with work to do, and those who have just none left."""
        found = []
        for model in await self._models.builds(TIMELINES):
            rows = await (await self._models.one(model)).all(HotAuthorRow, None, _MOST)
            found += [Hot(model, row.owner_id) for row in rows]
        return found

    async def of(self, hot: Hot, *, limit: int) -> Sequence[ChunkRow]:
        """The author's oldest chunks whose facts the build has applied."""
        reader = await self._models.one(hot.model)
        rows = await reader.page(ChunkRow, hot.owner_id, (), limit=limit, newest=False)
        return [row for row in rows if await self._applied(hot, row)]

    async def get(self, hot: Hot, chunk_id: str) -> ChunkRow | None:
        """One chunk, if it is not done, and its fact was applied."""
        reader = await self._models.one(hot.model)
        for row in await reader.some(ChunkRow, [(hot.owner_id, chunk_id)]):
            return row if await self._applied(hot, row) else None
        return None

    async def followers(
        self, hot: Hot, bucket: str, *, after: TimelineFollowerRow | None, limit: int
    ) -> Sequence[TimelineFollowerRow]:
        """Followers of the author in a bucket, in the order of their key."""
        reader = await self._models.one(hot.model)
        beyond: Key = (bucket, "") if after is None else (bucket, after.follower_id, after.since)
        rows = await reader.page(TimelineFollowerRow, hot.owner_id, beyond, limit=limit, newest=False)
        return [row for row in rows if row.bucket == bucket]

    async def photos(self, hot: Hot, *, before: PhotoId | None, limit: int) -> Sequence[TimelinePhotoRow]:
        """The author's photos, newest first."""
        reader = await self._models.one(hot.model)
        return await reader.page(TimelinePhotoRow, hot.owner_id, past(before), limit=limit, newest=True)

    async def write(self, hot: Hot, chunk: ChunkRow, rows: Sequence[TimelineRow]) -> None:
        """Write timeline rows of a chunk: in small steps, and as long off as on, because all others write there too."""
        at = micros(chunk.at)
        for start in range(0, len(rows), _STEP):
            step = rows[start : start + _STEP]
            async with self._turn:
                began = time.perf_counter()
                await self._models.change(hot.model, [(TimelineRow, _key(row), Dated(row, at)) for row in step])
                await asyncio.sleep(time.perf_counter() - began)

    async def done(self, hot: Hot, chunk: ChunkRow) -> None:
        """End a chunk, and with the author's last one their being hot."""
        key = (chunk.owner_id, chunk.chunk_id)
        await self._models.change(hot.model, [(ChunkRow, key, Dated(None, micros(chunk.at) + 1))])
        await self.cool(hot)

    async def cool(self, hot: Hot) -> None:
        """End an author's being hot, if no chunk is left; what comes in meanwhile is later, and stays."""
        reader = await self._models.one(hot.model)
        for row in await reader.some(HotAuthorRow, [(hot.owner_id,)]):
            if await self._applied(hot, row) and not await reader.page(
                ChunkRow, hot.owner_id, (), limit=1, newest=False
            ):
                gone = Dated(None, micros(row.at) + 1)
                await self._models.change(hot.model, [(HotAuthorRow, (hot.owner_id,), gone)])

    async def _applied(self, hot: Hot, row: ChunkRow | HotAuthorRow) -> bool:
        reached = await self._models.reached(hot.model, row.log)
        return reached >= row.number


def _key(row: TimelineRow) -> Key:
    return row.member_id, row.photo_id
