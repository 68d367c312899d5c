"""The ports `Timelines` and `Chunks` over SQLite."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import merge
from itertools import islice
from typing import Final

from domain.ids import MemberId, PhotoId
from infra.sqlite.journal import Changed
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.pages import by_photo
from infra.sqlite.readers import Reader
from infra.sqlite.registry import Snapshot
from infra.sqlite.shapes import HIGHEST
from infra.sqlite.tables import statements
from projections.stores import Model, State
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

_STEP: Final = 64
"""Rows of a chunk that are written in one transaction; each lies in another page of the file."""
_OF_AUTHOR: Final = (
    "SELECT photo_id FROM timeline_photos WHERE owner_id = ? AND photo_id < ? AND photo_id >= ?"
    " ORDER BY photo_id DESC LIMIT ?"
)
_END_CHUNK: Final = "DELETE FROM fanout_chunks WHERE owner_id = ? AND chunk_id = ?"
_COOL: Final = (
    "DELETE FROM hot_authors WHERE owner_id = ? AND NOT EXISTS"
    " (SELECT 1 FROM fanout_chunks WHERE fanout_chunks.owner_id = hot_authors.owner_id)"
)


class SqliteTimelines:
    """Home timelines, as written ahead, and what is merged into them."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def page(
        self, member_id: MemberId, *, before: PhotoId | None, limit: int, oldest: PhotoId = ""
    ) -> Sequence[TimelineRow]:
        """Newest first."""
        tail = "WHERE member_id = ? AND photo_id < ? AND photo_id >= ? ORDER BY photo_id DESC LIMIT ?"
        end = HIGHEST if before is None else before
        return await self._models.read(
            TIMELINES, lambda reader: reader.rows(TimelineRow, tail, member_id, end, oldest, limit)
        )

    async def celebrities(self) -> frozenset[MemberId]:
        """Authors with so many followers that their photos are not fanned out."""
        found = await self._models.read(TIMELINES, lambda reader: reader.rows(CelebrityRow, ""))
        return frozenset(row.owner_id for row in found)

    async def hot(self) -> frozenset[MemberId]:
        """Celebrities, and authors with chunks left to do."""
        statement = "SELECT owner_id FROM timeline_celebrities UNION SELECT owner_id FROM hot_authors"
        found = await self._models.read(TIMELINES, lambda reader: reader.values(statement))
        return frozenset(owner for (owner,) in found)

    async def of_authors(
        self, owner_ids: Iterable[MemberId], *, before: PhotoId | None, oldest: PhotoId, limit: int
    ) -> Sequence[PhotoId]:
        """The photos of several authors together, newest first."""
        owners, end = list(owner_ids), HIGHEST if before is None else before

        def read(reader: Reader) -> list[PhotoId]:
            lists = [[photo for (photo,) in reader.values(_OF_AUTHOR, owner, end, oldest, limit)] for owner in owners]
            return list(islice(merge(*lists, reverse=True), limit))

        return await self._models.read(TIMELINES, read) if owners else []

    async def newest(self, owner_ids: Iterable[MemberId], *, limit: int) -> Mapping[MemberId, Sequence[PhotoId]]:
        """The newest photos of each author, all that there are where these are fewer."""
        owners = list(owner_ids)

        def read(reader: Reader) -> dict[MemberId, list[PhotoId]]:
            return {
                owner: [photo for (photo,) in reader.values(_OF_AUTHOR, owner, HIGHEST, "", limit)] for owner in owners
            }

        return await self._models.read(TIMELINES, read)


class SqliteChunks:
    """Chunks of fan-out in every build of the timelines."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def hot(self) -> Sequence[Hot]:
        """Everybody with work to do, and those who have just none left."""

        def read(snapshot: Snapshot, reader_of: Callable[[Model], Reader]) -> list[Hot]:
            return [
                Hot(model, row.owner_id)
                for model, entry in snapshot.entries.items()
                if model.projection == TIMELINES.name
                and entry.code_version == TIMELINES.version
                and entry.state is not State.STALE
                for row in reader_of(model).rows(HotAuthorRow, "")
            ]

        return await self._models.read_every(read)

    async def of(self, hot: Hot, *, limit: int) -> Sequence[ChunkRow]:
        """The author's oldest chunks."""
        tail = "WHERE owner_id = ? ORDER BY chunk_id LIMIT ?"
        return await self._models.read_one(hot.model, lambda reader: reader.rows(ChunkRow, tail, hot.owner_id, limit))

    async def get(self, hot: Hot, chunk_id: str) -> ChunkRow | None:
        """One chunk, if it is not done."""
        tail = "WHERE owner_id = ? AND chunk_id = ?"
        found = await self._models.read_one(
            hot.model, lambda reader: reader.rows(ChunkRow, tail, hot.owner_id, chunk_id)
        )
        return found[0] if found else None

    async def followers(
        self, hot: Hot, bucket: str, *, after: TimelineFollowerRow | None, limit: int
    ) -> Sequence[TimelineFollowerRow]:
        """Followers of the author in a bucket, in the order of their key."""
        tail = (
            "WHERE followed_id = ? AND bucket = ? AND (follower_id, since) > (?, ?) ORDER BY follower_id, since LIMIT ?"
        )
        begin = ("", "") if after is None else (after.follower_id, after.since)
        return await self._models.read_one(
            hot.model, lambda reader: reader.rows(TimelineFollowerRow, tail, hot.owner_id, bucket, *begin, limit)
        )

    async def photos(self, hot: Hot, *, before: PhotoId | None, limit: int) -> Sequence[TimelinePhotoRow]:
        """The author's photos, newest first."""
        of = ("owner_id", hot.owner_id)
        return await self._models.read_one(
            hot.model, lambda reader: by_photo(reader, TimelinePhotoRow, of, before, limit)
        )

    async def write(self, hot: Hot, chunk: ChunkRow, rows: Sequence[TimelineRow]) -> None:
        """Write timeline rows of a chunk: in small steps, and as long off as on, because all others write there too."""
        del chunk
        known = statements(TimelineRow, dated=False)
        ordered = sorted(rows, key=known.shape.key)

        def put(step: Sequence[TimelineRow]) -> Callable[[sqlite3.Connection], object]:
            return lambda connection: connection.executemany(known.put, [known.shape.encode(row) for row in step])

        for start in range(0, len(ordered), _STEP):
            step, began = ordered[start : start + _STEP], time.perf_counter()
            await self._models.write(hot.model, put(step), {TimelineRow: [known.shape.key(row) for row in step]})
            await asyncio.sleep(time.perf_counter() - began)

    async def done(self, hot: Hot, chunk: ChunkRow) -> None:
        """End a chunk, and with the author's last one their being hot."""

        def end(connection: sqlite3.Connection) -> None:
            connection.execute(_END_CHUNK, (hot.owner_id, chunk.chunk_id))
            connection.execute(_COOL, (hot.owner_id,))

        changed: Changed = {ChunkRow: [(hot.owner_id, chunk.chunk_id)], HotAuthorRow: [(hot.owner_id,)]}
        await self._models.write(hot.model, end, changed)

    async def cool(self, hot: Hot) -> None:
        """End an author's being hot, if no chunk is left."""

        def end(connection: sqlite3.Connection) -> None:
            connection.execute(_COOL, (hot.owner_id,))

        await self._models.write(hot.model, end, {HotAuthorRow: [(hot.owner_id,)]})
