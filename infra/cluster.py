"""The cluster profile: PostgreSQL, Kafka with Faust, Cassandra, Redis, MinIO and OpenSearch."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from hashlib import sha256
from typing import Final

import structlog
from fastapi import FastAPI

from api.app import build_app
from api.tracing import context
from commands.ports import Deps
from domain.ids import MemberId, new_id
from infra.caching.hits import Hits
from infra.cassandra.affinity import CassandraAffinities
from infra.cassandra.albums import CassandraAlbums
from infra.cassandra.authors import CassandraAuthorLists
from infra.cassandra.blocks import CassandraBlocks
from infra.cassandra.comments import CassandraComments
from infra.cassandra.connecting import Cassandra
from infra.cassandra.duplicates import CassandraDuplicates
from infra.cassandra.erasures import CassandraErasures
from infra.cassandra.explore import CassandraPublicPhotos
from infra.cassandra.follows import CassandraFollows
from infra.cassandra.likes import CassandraLikes
from infra.cassandra.marks import CassandraMarks
from infra.cassandra.models import CassandraModels
from infra.cassandra.mutes import CassandraMutes
from infra.cassandra.notifications import CassandraNotifications
from infra.cassandra.photos import CassandraPhotos
from infra.cassandra.processing import CassandraWaiting
from infra.cassandra.profiles import CassandraProfiles
from infra.cassandra.progress import ClusterProgress
from infra.cassandra.registry import Registry
from infra.cassandra.reports import CassandraReports
from infra.cassandra.schema import migrate as migrate_cassandra
from infra.cassandra.settling import CassandraUnsettled
from infra.cassandra.shares import CassandraShares
from infra.cassandra.similar import CassandraSimilar
from infra.cassandra.store import CassandraStore
from infra.cassandra.tags import CassandraTags
from infra.cassandra.tidying import write_out
from infra.cassandra.timelines import CassandraChunks, CassandraTimelines
from infra.cassandra.trash import CassandraTrash
from infra.cassandra.uploads import CassandraOpenUploads
from infra.cassandra.visibility import CassandraImmediate, CassandraSessions, CassandraSight
from infra.clustering import ClusterReadModels
from infra.core import Core, Queries, celebrities, erasing, moving, settling, sweeping, utc_now, wiring
from infra.developing import Detecting, Developing, darkroom_of, detector_of, home_of
from infra.eventstore.postgres_keys import PostgresKeys
from infra.eventstore.postgres_migration import found_or_check
from infra.eventstore.postgres_opening import dsns_in, open_postgres_store
from infra.exposing import Exposed, Exposing
from infra.installation import Installation, InstallationError, open_installation, proof_of
from infra.kafka.assembling import Group, Parts
from infra.kafka.checkpoints import EXPOSED, MOVED, PostgresRelayCheckpoints
from infra.kafka.leadership import PostgresLeadership
from infra.minio.bucket import Bucket, Place
from infra.minio.objects import MinioObjects
from infra.opensearch.connecting import OpenSearch
from infra.opensearch.search import OpenSearchSearch
from infra.opensearch.store import SEARCHED, OpenSearchStore
from infra.passwords import Argon2Passwords
from infra.redis.connecting import connect as connect_redis
from infra.redis.copies import RedisCopies
from infra.redis.counters import RedisCounters, RedisTallies
from infra.redis.frozen import RedisFrozen
from infra.redis.shares import RedisShareViews
from infra.redis.store import RedisCounterStore
from infra.redis.tallies import RedisTallies as RedisRates
from infra.redis.tidying import rewrite_log
from infra.redis.trending import RedisTrending
from infra.redis.views import RedisViews
from infra.redis.walks import RedisWalks
from infra.settings import Settings
from infra.slow import Slow
from infra.walks import SealedWalks
from infra.warming import warmed
from projections.catalogue import CATALOGUE
from projections.processing import WaitingDetectionRow, WaitingPhotoRow, WaitingPreviewRow
from projections.rows import Projection, Tally
from projections.stores import Model
from streams.erasing import SWEEP_S
from streams.exposing import Gating
from streams.following import prepare
from streams.live import LiveFacts

CLUSTER_LOGS: Final = 64
"""Logs of a new installation, where the settings don't say."""
_NEEDED: Final = ("postgres", "kafka", "cassandra", "redis", "opensearch", "minio_endpoint")
_log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_core(settings: Settings, *, create: bool) -> AsyncIterator[Core]:
    """Connect to the servers of an installation; with `create`, make what is missing in them."""
    if missing := [f"FILMROLL_{name.upper()}" for name in _NEEDED if not getattr(settings, name)]:
        raise InstallationError(f"the cluster profile needs {', '.join(missing)}")
    installation = await asyncio.to_thread(_installation, settings, create=create)
    dsns, slow = dsns_in(settings.postgres), Slow(settings.slow_query_ms)
    async with AsyncExitStack() as stack:
        store = await asyncio.to_thread(
            open_postgres_store,
            dsns,
            logs=installation.logs,
            keys=(keys := PostgresKeys(dsns[0], installation.key("members"))),
            now=utc_now,
            replicas=dsns_in(settings.postgres_replicas),
            pool=settings.postgres_pool,
            create=create,
            shelf=Bucket(_place(settings)),
            slow=slow,
        )
        stack.callback(keys.close)
        stack.push_async_callback(store.close)
        points = [_point(each) for each in settings.cassandra.split(",")]
        if create:
            await asyncio.to_thread(
                migrate_cassandra, points, settings.cassandra_keyspace, replication=settings.cassandra_replication
            )
        cassandra = await Cassandra.open(points, settings.cassandra_keyspace, slow)
        stack.push_async_callback(cassandra.close)
        realm, hits = settings.cassandra_keyspace, Hits()
        copies = RedisCopies(settings.redis, realm=realm, hits=hits)
        stack.push_async_callback(copies.close)
        rows = CassandraStore(cassandra, now=utc_now, copy=copies)
        stack.push_async_callback(rows.close)
        redis = connect_redis(settings.redis)
        stack.push_async_callback(redis.aclose)
        counts = RedisCounterStore(redis, CassandraMarks(cassandra), realm=realm, now=utc_now)
        opensearch = OpenSearch(settings.opensearch, prefix=realm)
        stack.push_async_callback(opensearch.close)
        documents = OpenSearchStore(opensearch, now=utc_now)
        if create:
            await documents.open()
        counting = {projection.name: counts for projection in CATALOGUE if projection.rows == (Tally,)}
        searching = {projection.name: documents for projection in SEARCHED}
        models = ClusterReadModels(Registry(cassandra, realm, utc_now), rows, {**counting, **searching}, now=utc_now)
        if create:
            await prepare(models, CATALOGUE, log=store)
        lived = CassandraModels(models, rows)

        async def live(projection: Projection) -> Model:
            model, _ = await models.live(projection)
            return model

        sight, tallies = CassandraSight(lived), RedisTallies(models, redis, realm=realm)
        queries = Queries(
            sight=sight,
            profiles=CassandraProfiles(lived),
            photos=CassandraPhotos(lived),
            authors=CassandraAuthorLists(lived),
            albums=CassandraAlbums(lived),
            shares=CassandraShares(lived),
            reports=CassandraReports(lived),
            erasures=CassandraErasures(lived),
            notifications=CassandraNotifications(lived),
            share_views=RedisShareViews(redis, realm=realm),
            follows=CassandraFollows(lived),
            blocks=CassandraBlocks(lived),
            mutes=CassandraMutes(lived),
            trash=CassandraTrash(lived),
            timelines=CassandraTimelines(lived),
            likes=CassandraLikes(lived),
            affinities=CassandraAffinities(lived),
            frozen=RedisFrozen(redis, realm=realm),
            comments=CassandraComments(lived),
            counters=RedisCounters(tallies),
            duplicates=CassandraDuplicates(lived),
            sessions=CassandraSessions(lived),
            search=OpenSearchSearch(documents, live),
            trending=RedisTrending(tallies),
            public_photos=CassandraPublicPhotos(lived),
            tags=CassandraTags(lived),
            views=RedisViews(redis, realm=realm),
            walks=SealedWalks(RedisWalks(redis, realm=realm)),
            chunks=CassandraChunks(lived),
            unsettled=CassandraUnsettled(lived),
            previews=CassandraWaiting(lived, WaitingPreviewRow),
            waiting=CassandraWaiting(lived, WaitingPhotoRow),
            detections=CassandraWaiting(lived, WaitingDetectionRow),
            similar=CassandraSimilar(lived),
            uploads=CassandraOpenUploads(lived),
            progress=ClusterProgress(models, store, now=utc_now),
            hits=hits,
        )
        objects = MinioObjects(_place(settings), settings.minio_public_url, now=utc_now)
        stack.push_async_callback(objects.close)
        if create:
            await objects.open()
        exposing = Exposing(CassandraImmediate(lived), Exposed(store, sight, queries.authors, objects))
        deps = Deps(store=store, now=utc_now, new_id=new_id, immediate=exposing, context=context)

        async def shred(member_id: MemberId) -> None:
            await asyncio.to_thread(keys.destroy, member_id)

        async def tidy() -> None:
            await asyncio.gather(documents.tidy(), rewrite_log(redis), write_out(cassandra))

        yield Core(settings, installation, store, models, queries, deps, shred, tidy)


@asynccontextmanager
async def open_app(core: Core, *, base_url: str) -> AsyncIterator[FastAPI]:
    """The API alone: relay, workers and media workers are processes of their own."""
    settings = core.settings
    async with AsyncExitStack() as stack:
        passwords = Argon2Passwords(memory_kib=settings.password_memory_kib, passes=settings.password_passes)
        stack.callback(passwords.close)
        objects = MinioObjects(_place(settings), settings.minio_public_url, now=utc_now)
        stack.push_async_callback(objects.close)

        redis = connect_redis(settings.redis)
        stack.push_async_callback(redis.aclose)
        live = LiveFacts(core.store)
        stack.callback(asyncio.create_task(live.run(), name="live").cancel)
        leaving = asyncio.create_task(_erase_alone(core, objects), name="erasing")
        stack.callback(leaving.cancel)
        stack.callback(asyncio.create_task(warmed(core, objects), name="warming").cancel)

        async def recording() -> None:
            await core.store.head(0)

        async def showing() -> None:
            await core.models.status()

        yield build_app(
            wiring(
                core,
                objects=objects,
                passwords=passwords,
                files=objects,
                base_url=base_url,
                live=live,
                tallies=RedisRates(redis, realm=settings.cassandra_keyspace),
                checks={"event store": recording, "read models": showing},
            )
        )


async def _erase_alone(core: Core, objects: MinioObjects) -> None:
    """Erase those who left, unless another process does."""
    leadership = PostgresLeadership(dsns_in(core.settings.postgres)[0])
    while True:
        try:
            async with leadership.lead(f"erasing {core.settings.cassandra_keyspace}"):
                await erasing(core, objects).run()
        except Exception as error:  # noqa: BLE001 reported, and tried again
            _log.error("erasing was broken off", exc_info=error)
            await asyncio.sleep(SWEEP_S)


@asynccontextmanager
async def open_parts(core: Core, *, media: bool, detection: bool) -> AsyncIterator[Parts]:
    """What relay and workers are made of; with `media`, the darkroom's processes too, with `detection`, the model."""
    settings, dsns = core.settings, dsns_in(core.settings.postgres)
    async with AsyncExitStack() as stack:
        leadership = PostgresLeadership(dsns[0])
        groups = {}
        for number in range(len(dsns)):
            checkpoints = PostgresRelayCheckpoints(dsns[0])
            stack.push_async_callback(checkpoints.close)
            logs = [log for log in range(core.store.logs) if log % len(dsns) == number]
            groups[f"{settings.cassandra_keyspace}-{number}"] = Group(logs, checkpoints, leadership)
        objects = MinioObjects(_place(settings), settings.minio_public_url, now=utc_now)
        stack.push_async_callback(objects.close)
        queries, gated = core.queries, PostgresRelayCheckpoints(dsns[0], EXPOSED)
        stack.push_async_callback(gated.close)
        files = Exposed(core.store, queries.sight, queries.authors, objects)
        gating = Gating(core.store, queries.progress, files.expose, gated, leadership)
        moved = PostgresRelayCheckpoints(dsns[0], MOVED)
        stack.push_async_callback(moved.close)
        developing, sweeps = None, None
        if media:
            darkroom = darkroom_of(settings, core.installation, objects.bucket)
            stack.push_async_callback(darkroom.close)
            await darkroom.start()
            developing = Developing(
                core.deps, darkroom, objects, home_of(core.installation), detects=bool(settings.detect_model)
            )
            sweeps = sweeping(core, objects, leadership)
        looking, looks = None, 0
        if detection:
            detector = await stack.enter_async_context(detector_of(settings, objects.bucket))
            looking, looks = Detecting(core.deps, detector), 2 * detector.opened.batch
        yield Parts(
            core.store,
            core.models,
            core.queries.waiting,
            core.queries.chunks,
            celebrities(core),
            groups,
            leadership,
            settling=settling(core, leadership),
            exposing=gating,
            moving=moving(core, objects, moved, leadership),
            previews=core.queries.previews,
            preview=None if developing is None else developing.preview,
            process=None if developing is None else developing.process,
            sweeping=sweeps,
            detections=core.queries.detections,
            label=None if looking is None else looking.label,
            looks=looks,
        )


def _installation(settings: Settings, *, create: bool) -> Installation:
    """The secret from the settings, or from the data folder; the number of logs from the catalogue database."""
    if settings.secret is not None:
        root = sha256(settings.secret.get_secret_value().encode()).digest()
    else:
        root = open_installation(settings.model_copy(update={"logs": None}), create=create).root
    dsn = dsns_in(settings.postgres)[0]
    wanted = settings.logs if settings.logs is not None or not create else CLUSTER_LOGS
    try:
        logs = found_or_check(dsn, wanted, proof_of(root), create=create)
    except ValueError as error:
        raise InstallationError(str(error)) from error
    return Installation(logs, root)


@asynccontextmanager
async def open_objects(settings: Settings) -> AsyncIterator[MinioObjects]:
    """The object store alone."""
    objects = MinioObjects(_place(settings), settings.minio_public_url, now=utc_now)
    try:
        yield objects
    finally:
        await objects.close()


def _place(settings: Settings) -> Place:
    return Place(
        settings.minio_endpoint,
        settings.minio_access_key.get_secret_value(),
        settings.minio_secret_key.get_secret_value(),
        settings.minio_bucket,
    )


def _point(text: str) -> tuple[str, int]:
    host, _, port = text.strip().rpartition(":")
    return host, int(port)
