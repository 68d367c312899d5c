"""The embedded profile: one process, SQLite and files."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from api.app import build_app
from api.tracing import context
from commands.ports import Deps
from domain.ids import MemberId, new_id
from domain.recorded import Recorded
from infra.core import Core, Queries, celebrities, erasing, moving, settling, sweeping, utc_now, wiring
from infra.developing import Detecting, Developing, darkroom_of, detector_of, home_of
from infra.eventstore.keys import SqliteKeys
from infra.eventstore.opening import open_sqlite_store
from infra.eventstore.store import LibraryEventStore
from infra.files.disk import Disk
from infra.files.objects import FileObjects
from infra.installation import open_installation
from infra.kafka.checkpoints import MOVED, SqliteRelayCheckpoints
from infra.passwords import Argon2Passwords
from infra.settings import Settings
from infra.slow import Slow
from infra.sqlite.affinity import SqliteAffinities
from infra.sqlite.albums import SqliteAlbums
from infra.sqlite.authors import SqliteAuthorLists
from infra.sqlite.blocks import SqliteBlocks
from infra.sqlite.comments import SqliteComments
from infra.sqlite.counters import SqliteCounters
from infra.sqlite.duplicates import SqliteDuplicates
from infra.sqlite.erasures import SqliteErasures
from infra.sqlite.follows import SqliteFollows
from infra.sqlite.frozen import SqliteFrozen
from infra.sqlite.kept import (
    KeptAffinities,
    KeptCounters,
    KeptFollows,
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
from infra.sqlite.search import SqliteSearch
from infra.sqlite.settling import SqliteUnsettled
from infra.sqlite.shares import SqliteShares, SqliteShareViews
from infra.sqlite.similar import SqliteSimilar
from infra.sqlite.tags import SqliteTags
from infra.sqlite.timelines import SqliteChunks, SqliteTimelines
from infra.sqlite.trash import SqliteTrash
from infra.sqlite.trending import SqlitePublicPhotos, SqliteTrending
from infra.sqlite.uploads import SqliteOpenUploads
from infra.sqlite.views import SqliteViews
from infra.sqlite.visibility import SqliteImmediate, SqliteSessions, SqliteSight
from infra.sqlite.walks import SqliteWalks
from infra.walks import SealedWalks
from infra.warming import warmed
from projections.catalogue import CATALOGUE
from projections.ports import Frozen
from projections.processing import PROCESSING, WaitingDetectionRow, WaitingPhotoRow, WaitingPreviewRow
from projections.stores import Model
from projections.timelines import TIMELINES
from streams.fanout import FanOut
from streams.following import Follower, prepare
from streams.live import LiveFacts
from streams.reactions import Reactions


@asynccontextmanager
async def open_core(settings: Settings, *, create: bool) -> AsyncIterator[Core]:
    """Open the files of an installation; with `create`, make them where there are none yet."""
    installation = open_installation(settings, create=create)
    async with AsyncExitStack() as stack:
        slow = Slow(settings.slow_query_ms)
        keys = SqliteKeys(settings.data / "keys.db", installation.key("members"))
        stack.callback(keys.close)
        store = open_sqlite_store(
            settings.data / "events.db",
            logs=installation.logs,
            keys=keys,
            now=utc_now,
            synchronous=settings.synchronous,
            shelf=Disk(settings.data / "archive", ("events",)),
            slow=slow,
        )
        stack.push_async_callback(store.close)
        models = SqliteReadModels(settings.data / "models", CATALOGUE, slow=slow)
        await models.open()
        stack.push_async_callback(models.close)
        if create:  # a tool of newer code beside a running server must not set aside what that one serves
            await prepare(models, CATALOGUE, log=store)
        frozen = SqliteFrozen(settings.data / "frozen.db", now=utc_now)
        stack.callback(frozen.close)
        deps = Deps(store=store, now=utc_now, new_id=new_id, immediate=SqliteImmediate(models), context=context)
        opened = SqliteShareViews(settings.data / "share-views.db")
        stack.callback(opened.close)
        views, walks = SqliteViews(settings.data / "views.db"), SqliteWalks(settings.data / "walks.db")
        stack.push_async_callback(views.close)
        stack.push_async_callback(walks.close)

        async def shred(member_id: MemberId) -> None:
            await asyncio.to_thread(keys.destroy, member_id)

        yield Core(
            settings,
            installation,
            store,
            models,
            _queries(models, store, frozen, opened, views, walks),
            deps,
            shred,
            models.tidy,
        )


@asynccontextmanager
async def open_app(core: Core, *, base_url: str) -> AsyncIterator[FastAPI]:
    """The whole product in this process: the API, the follower, and the darkroom's workers beside it."""
    settings, installation = core.settings, core.installation
    async with AsyncExitStack() as stack:
        passwords = Argon2Passwords(memory_kib=settings.password_memory_kib, passes=settings.password_passes)
        stack.callback(passwords.close)
        objects = FileObjects(settings.data / "objects", installation.key("files"), base_url, now=utc_now)
        darkroom = darkroom_of(settings, installation, objects.disk)
        stack.push_async_callback(darkroom.close)
        await darkroom.start()

        developing = Developing(
            core.deps, darkroom, objects, home_of(installation), detects=bool(settings.detect_model)
        )
        hands = 2 * settings.media_workers
        stages = [
            Reactions(core.queries.previews, developing.preview, concurrency=hands),
            Reactions(core.queries.waiting, developing.process, concurrency=hands),
        ]
        if settings.detect_model:
            detector = await stack.enter_async_context(detector_of(settings, objects.disk))
            looking = Detecting(core.deps, detector)
            stages.append(Reactions(core.queries.detections, looking.label, concurrency=2 * detector.opened.batch))

        fan_out, reviews = FanOut(core.queries.chunks), celebrities(core)

        def fed(model: Model, facts: Sequence[Recorded]) -> None:
            if model.projection == PROCESSING.name:
                for stage in stages:
                    stage.nudge()
            elif model.projection == TIMELINES.name:
                fan_out.nudge()
            reviews.fed(model, facts)

        follower = Follower(core.store, core.models, CATALOGUE, on_fed=fed)
        await follower.start()
        stack.push_async_callback(follower.stop)
        fan_out.start()
        stack.push_async_callback(fan_out.stop)
        reviewing = asyncio.create_task(reviews.run(), name="celebrities")
        stack.push_async_callback(_ended, reviewing)
        stack.push_async_callback(_ended, asyncio.create_task(settling(core).run(), name="settling"))
        sweeps = asyncio.create_task(sweeping(core, objects).run(), name="sweeping uploads")
        stack.push_async_callback(_ended, sweeps)
        moved = SqliteRelayCheckpoints(settings.data / "events.db", MOVED)
        moves = asyncio.create_task(moving(core, objects, moved).run(), name="moving files")
        stack.push_async_callback(_ended, moves)
        for stage in stages:
            stage.start()
            stack.push_async_callback(stage.stop)

        live = LiveFacts(core.store)
        stack.push_async_callback(_ended, asyncio.create_task(live.run(), name="live"))
        leaving = erasing(core, objects)
        leaving.start()
        stack.push_async_callback(leaving.stop)
        stack.push_async_callback(_ended, asyncio.create_task(warmed(core, objects), name="warming"))

        async def following() -> None:
            if failing := follower.failing:
                raise RuntimeError(f"read models can't be fed: {failing}")

        async def recording() -> None:
            await core.store.head(0)

        yield build_app(
            wiring(
                core,
                objects=objects,
                passwords=passwords,
                files=objects,
                store=objects,
                base_url=base_url,
                live=live,
                checks={"event store": recording, "read models": following},
            )
        )


async def _ended(task: asyncio.Task[None]) -> None:
    """Call a task off, and wait until it is."""
    task.cancel()
    await asyncio.wait({task})


def _queries(
    models: SqliteReadModels,
    store: LibraryEventStore,
    frozen: Frozen,
    opened: SqliteShareViews,
    views: SqliteViews,
    walks: SqliteWalks,
) -> Queries:
    return Queries(
        sight=KeptSight(models, SqliteSight(models)),
        profiles=KeptProfiles(models, SqliteProfiles(models)),
        photos=KeptPhotos(models, SqlitePhotos(models)),
        authors=SqliteAuthorLists(models),
        albums=SqliteAlbums(models),
        shares=SqliteShares(models),
        reports=SqliteReports(models),
        erasures=SqliteErasures(models),
        notifications=SqliteNotifications(models),
        share_views=opened,
        follows=KeptFollows(models, SqliteFollows(models)),
        blocks=SqliteBlocks(models),
        mutes=SqliteMutes(models),
        timelines=KeptTimelines(models, SqliteTimelines(models)),
        likes=KeptLikes(models, SqliteLikes(models)),
        trash=SqliteTrash(models),
        affinities=KeptAffinities(models, SqliteAffinities(models)),
        frozen=frozen,
        comments=SqliteComments(models),
        counters=KeptCounters(models, SqliteCounters(models)),
        duplicates=SqliteDuplicates(models),
        sessions=KeptSessions(models, SqliteSessions(models)),
        search=SqliteSearch(models),
        trending=SqliteTrending(models),
        public_photos=SqlitePublicPhotos(models),
        tags=SqliteTags(models),
        views=views,
        walks=SealedWalks(walks),
        chunks=SqliteChunks(models),
        unsettled=SqliteUnsettled(models),
        previews=SqliteWaiting(models, WaitingPreviewRow),
        waiting=SqliteWaiting(models, WaitingPhotoRow),
        detections=SqliteWaiting(models, WaitingDetectionRow),
        similar=KeptSimilar(models, SqliteSimilar(models)),
        uploads=SqliteOpenUploads(models),
        progress=SqliteProgress(models, store),
        near=True,
        hits=models.hits,
    )
