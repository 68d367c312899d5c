"""Timelines on one adapter or the other, and histories of authors with very many followers."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.events import Event, MemberFollowed, PhotoUploaded
from domain.ids import new_id
from domain.positions import Position
from domain.recorded import Recorded
from infra.cassandra.timelines import CassandraChunks, CassandraTimelines
from infra.sqlite.timelines import SqliteChunks, SqliteTimelines
from infra.stack.addresses import Addresses
from projections import ports
from projections.rows import Projection
from projections.stores import Batch, Fed, Model, ReadModels, State
from streams.fanout import Chunks
from tests.cluster import SHARDS, cluster, in_those_days, keyspace
from tests.projections.feeding import sqlite_models

LONG_AGO = datetime(2025, 3, 1, tzinfo=UTC)


@dataclass
class Desk:
    """One adapter's read models, what readers ask of them, and what does the work."""

    models: ReadModels
    timelines: ports.Timelines
    chunks: Chunks


@asynccontextmanager
async def on_sqlite(projection: Projection) -> AsyncIterator[Desk]:
    async with sqlite_models(catalogue=(projection,)) as models:
        yield Desk(models, SqliteTimelines(models), SqliteChunks(models))


@asynccontextmanager
async def on_cassandra(
    addresses: Addresses, *, shards: int = SHARDS, now: Callable[[], datetime] = in_those_days
) -> AsyncIterator[Desk]:
    async with keyspace(addresses) as space, cluster(addresses, space, shards=shards, now=now) as known:
        yield Desk(known.models, CassandraTimelines(known.rows), CassandraChunks(known.rows))


def member(number: int) -> str:
    """Somebody, the same for the same number."""
    return new_id(number % 1024, LONG_AGO + timedelta(seconds=number), lambda _: 0)


class Author:
    """Feeds facts of one log, one after another."""

    def __init__(self, desk: Desk, projection: Projection, model: Model, log: int = 0) -> None:
        self.desk, self.projection, self.model, self.log = desk, projection, model, log
        self.number = 0
        self.reached = 0

    def _recorded(self, event: Event) -> Recorded:
        self.number += 1
        at = LONG_AGO + timedelta(days=30, microseconds=self.number)
        return Recorded(event, f"stream-{self.number}", 1, Position(self.log, self.number), "", at, "", "", "")

    async def _feed(self, events: Sequence[Event]) -> None:
        facts = [self._recorded(event) for event in events]
        batch = Batch(self.log, self.reached, self.number, facts)
        assert await self.desk.models.feed(self.model, self.projection, batch, park=False) is Fed.APPLIED
        self.reached = self.number

    async def followed(self, author: str, followers: Sequence[str]) -> None:
        """All of them follow the author."""
        for start in range(0, len(followers), 4_000):
            await self._feed(
                [
                    MemberFollowed(at=LONG_AGO, follower_id=each, followed_id=author)
                    for each in followers[start : start + 4_000]
                ]
            )

    async def publish(self, author: str, photos: int = 1, since: datetime = LONG_AGO + timedelta(days=30)) -> list[str]:
        """New photos, a second apart, the newest first."""
        made = [new_id(self.log, since + timedelta(seconds=self.number + at)) for at in range(photos)]
        await self._feed([uploaded(author, photo) for photo in made])
        return made[::-1]


async def live(desk: Desk, projection: Projection) -> Model:
    """An empty build that reads use."""
    return await desk.models.create(projection, State.LIVE)


def uploaded(author: str, photo: str) -> PhotoUploaded:
    return PhotoUploaded(
        at=LONG_AGO,
        photo_id=photo,
        owner_id=author,
        upload_id="",
        object_key="",
        content_type="image/jpeg",
        size=1,
        sha256=None,
        filename="",
        caption="",
        alt_text="",
        tags=(),
        mentions=(),
        audience="public",
        place="",
        show_location=False,
    )
