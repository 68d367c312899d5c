"""The adapters that the contracts of read models are held against; a new one is one more parameter of `every_adapter`."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from infra.cassandra.affinity import CassandraAffinities
from infra.cassandra.albums import CassandraAlbums
from infra.cassandra.analytics import CassandraActivity
from infra.cassandra.authors import CassandraAuthorLists
from infra.cassandra.blocks import CassandraBlocks
from infra.cassandra.comments import CassandraComments
from infra.cassandra.duplicates import CassandraDuplicates
from infra.cassandra.erasures import CassandraErasures
from infra.cassandra.explore import CassandraPublicPhotos
from infra.cassandra.follows import CassandraFollows
from infra.cassandra.likes import CassandraLikes
from infra.cassandra.mutes import CassandraMutes
from infra.cassandra.notifications import CassandraNotifications
from infra.cassandra.photos import CassandraPhotos
from infra.cassandra.processing import CassandraWaiting
from infra.cassandra.profiles import CassandraProfiles
from infra.cassandra.progress import ClusterProgress
from infra.cassandra.reports import CassandraReports
from infra.cassandra.settling import CassandraUnsettled
from infra.cassandra.shares import CassandraShares
from infra.cassandra.similar import CassandraSimilar
from infra.cassandra.tags import CassandraTags
from infra.cassandra.timelines import CassandraTimelines
from infra.cassandra.trash import CassandraTrash
from infra.cassandra.uploads import CassandraOpenUploads
from infra.cassandra.visibility import CassandraImmediate, CassandraSessions, CassandraSight
from infra.redis.analytics import RedisAnalytics
from infra.redis.counters import RedisCounters, RedisTallies
from infra.redis.frozen import RedisFrozen
from infra.redis.trending import RedisTrending
from infra.redis.views import RedisViews
from infra.redis.walks import RedisWalks
from infra.sqlite.affinity import SqliteAffinities
from infra.sqlite.albums import SqliteAlbums
from infra.sqlite.analytics import SqliteAnalytics
from infra.sqlite.authors import SqliteAuthorLists
from infra.sqlite.blocks import SqliteBlocks
from infra.sqlite.comments import SqliteComments
from infra.sqlite.counters import SqliteCounters
from infra.sqlite.duplicates import SqliteDuplicates
from infra.sqlite.erasures import SqliteErasures
from infra.sqlite.follows import SqliteFollows
from infra.sqlite.frozen import SqliteFrozen
from infra.sqlite.kept import (
    KeptCounters,
    KeptLikes,
    KeptPhotos,
    KeptProfiles,
    KeptSessions,
    KeptSight,
    KeptSimilar,
    KeptTimelines,
)
from infra.sqlite.likes import SqliteLikes
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.mutes import SqliteMutes
from infra.sqlite.notifications import SqliteNotifications
from infra.sqlite.photos import SqlitePhotos
from infra.sqlite.processing import SqliteWaiting
from infra.sqlite.profiles import SqliteProfiles
from infra.sqlite.progress import SqliteProgress
from infra.sqlite.reports import SqliteReports
from infra.sqlite.settling import SqliteUnsettled
from infra.sqlite.shares import SqliteShares
from infra.sqlite.similar import SqliteSimilar
from infra.sqlite.tags import SqliteTags
from infra.sqlite.timelines import SqliteTimelines
from infra.sqlite.trash import SqliteTrash
from infra.sqlite.trending import SqlitePublicPhotos, SqliteTrending
from infra.sqlite.uploads import SqliteOpenUploads
from infra.sqlite.views import SqliteViews
from infra.sqlite.visibility import SqliteImmediate, SqliteSessions, SqliteSight
from infra.sqlite.walks import SqliteWalks
from infra.walks import SealedWalks
from projections import ports
from projections.analytics import Activity, Analytics
from projections.catalogue import CATALOGUE
from projections.explore import PublicPhotos
from projections.processing import WaitingDetectionRow, WaitingPreviewRow
from projections.stores import ReadModels
from projections.tags import Tags
from projections.trending import Trending
from streams.following import Follower
from tests.cluster import SERVERS, cluster, keyspace
from tests.projections.histories import World
from tests.streams.memory_log import START, MemoryLog


@dataclass
class Shown:
    """Read models that follow a world, and every port onto them."""

    log: MemoryLog
    world: World
    models: ReadModels
    follower: Follower
    authors: ports.AuthorLists
    albums: ports.Albums
    shares: ports.Shares
    reports: ports.Reports
    erasures: ports.Erasures
    notifications: ports.Notifications
    comments: ports.Comments
    counters: ports.Counters
    follows: ports.Follows
    likes: ports.Likes
    affinities: ports.Affinities
    frozen: ports.Frozen
    photos: ports.Photos
    previews: ports.Waiting
    waiting: ports.Waiting
    detections: ports.Waiting
    blocks: ports.Blocks
    mutes: ports.Mutes
    trash: ports.Trash
    unsettled: ports.Unsettled
    similar: ports.Similar
    uploads: ports.OpenUploads
    profiles: ports.Profiles
    timelines: ports.Timelines
    sessions: ports.Sessions
    progress: ports.Progress
    duplicates: ports.Duplicates
    analytics: Analytics
    activity: Activity
    sight: Any
    immediate: Any
    trending: Trending
    public_photos: PublicPhotos
    tags: Tags
    views: ports.Views
    walks: ports.Walks
    reopen_views: Callable[[], Awaitable[ports.Views]]

    async def level(self) -> None:
        names = [projection.name for projection in CATALOGUE]
        assert await self.progress.wait(names, self.log.heads(), timeout_s=20)
        assert not self.follower.failing


@asynccontextmanager
async def sqlite(directory) -> AsyncIterator[Shown]:
    log = MemoryLog(4)
    models = SqliteReadModels(directory, CATALOGUE)
    await models.open()
    follower = Follower(log, models, CATALOGUE, poll_s=0.05)
    await follower.start()
    opened, walks = [SqliteViews(directory / "views.db")], SqliteWalks(directory / "walks.db")

    async def reopen() -> ports.Views:
        await opened[-1].close()
        opened.append(SqliteViews(directory / "views.db"))
        return opened[-1]

    try:
        yield Shown(
            log=log,
            world=World(log),
            models=models,
            follower=follower,
            authors=SqliteAuthorLists(models),
            albums=SqliteAlbums(models),
            shares=SqliteShares(models),
            reports=SqliteReports(models),
            erasures=SqliteErasures(models),
            notifications=SqliteNotifications(models),
            comments=SqliteComments(models),
            counters=KeptCounters(models, SqliteCounters(models)),
            follows=SqliteFollows(models),
            likes=KeptLikes(models, SqliteLikes(models)),
            photos=KeptPhotos(models, SqlitePhotos(models)),
            affinities=SqliteAffinities(models),
            frozen=SqliteFrozen(directory / "frozen.db", now=lambda: START),
            waiting=SqliteWaiting(models),
            profiles=KeptProfiles(models, SqliteProfiles(models)),
            timelines=KeptTimelines(models, SqliteTimelines(models)),
            sessions=KeptSessions(models, SqliteSessions(models)),
            blocks=SqliteBlocks(models),
            mutes=SqliteMutes(models),
            trash=SqliteTrash(models),
            unsettled=SqliteUnsettled(models),
            previews=SqliteWaiting(models, WaitingPreviewRow),
            detections=SqliteWaiting(models, WaitingDetectionRow),
            similar=KeptSimilar(models, SqliteSimilar(models)),
            uploads=SqliteOpenUploads(models),
            progress=SqliteProgress(models, log, now=lambda: START + timedelta(seconds=3)),
            duplicates=SqliteDuplicates(models),
            analytics=SqliteAnalytics(models),
            activity=SqliteAnalytics(models),
            sight=KeptSight(models, SqliteSight(models)),
            immediate=SqliteImmediate(models),
            trending=SqliteTrending(models),
            public_photos=SqlitePublicPhotos(models),
            tags=SqliteTags(models),
            views=opened[0],
            walks=SealedWalks(walks),
            reopen_views=reopen,
        )
    finally:
        await follower.stop()
        await models.close()
        await opened[-1].close()
        await walks.close()


@asynccontextmanager
async def on_the_servers(stack) -> AsyncIterator[Shown]:
    addresses = stack.need(*SERVERS)
    log = MemoryLog(4)
    async with keyspace(addresses) as space, cluster(addresses, space, copies=addresses.redis) as known:
        tallies = RedisTallies(known.models, known.redis, realm=known.realm)
        follower = Follower(log, known.models, CATALOGUE, poll_s=0.05)
        await follower.start()

        async def reopen() -> ports.Views:
            return RedisViews(known.redis, realm=known.realm)

        try:
            yield Shown(
                log=log,
                world=World(log),
                models=known.models,
                follower=follower,
                authors=CassandraAuthorLists(known.rows),
                albums=CassandraAlbums(known.rows),
                shares=CassandraShares(known.rows),
                reports=CassandraReports(known.rows),
                erasures=CassandraErasures(known.rows),
                notifications=CassandraNotifications(known.rows),
                comments=CassandraComments(known.rows),
                counters=RedisCounters(tallies),
                follows=CassandraFollows(known.rows),
                likes=CassandraLikes(known.rows),
                affinities=CassandraAffinities(known.rows, page=50),
                frozen=RedisFrozen(known.redis, realm=known.realm),
                photos=CassandraPhotos(known.rows),
                previews=CassandraWaiting(known.rows, WaitingPreviewRow),
                detections=CassandraWaiting(known.rows, WaitingDetectionRow),
                waiting=CassandraWaiting(known.rows),
                blocks=CassandraBlocks(known.rows),
                mutes=CassandraMutes(known.rows),
                trash=CassandraTrash(known.rows),
                unsettled=CassandraUnsettled(known.rows),
                similar=CassandraSimilar(known.rows),
                uploads=CassandraOpenUploads(known.rows),
                profiles=CassandraProfiles(known.rows),
                timelines=CassandraTimelines(known.rows),
                sessions=CassandraSessions(known.rows),
                progress=ClusterProgress(known.models, log, now=lambda: START + timedelta(seconds=3)),
                duplicates=CassandraDuplicates(known.rows),
                analytics=RedisAnalytics(tallies),
                activity=CassandraActivity(known.rows),
                sight=CassandraSight(known.rows),
                immediate=CassandraImmediate(known.rows),
                trending=RedisTrending(tallies),
                public_photos=CassandraPublicPhotos(known.rows),
                tags=CassandraTags(known.rows),
                views=RedisViews(known.redis, realm=known.realm),
                walks=SealedWalks(RedisWalks(known.redis, realm=known.realm)),
                reopen_views=reopen,
            )
        finally:
            await follower.stop()


every_adapter = pytest.mark.parametrize(
    "adapter",
    [
        pytest.param(lambda request: sqlite(request.getfixturevalue("tmp_path")), id="sqlite"),
        pytest.param(
            lambda request: on_the_servers(request.getfixturevalue("stack")), id="cluster", marks=pytest.mark.cluster
        ),
    ],
)
