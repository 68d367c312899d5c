"""Where ports meet adapters: everything that runs is put together here, by hand and in the open."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from fastapi import FastAPI

from api.app import build_app
from api.ports import Keyring, Limits, Reads
from api.tracing import context
from api.wiring import Wiring, Writes
from commands import comments, deciding, follows, likes, members, photos, sessions, uploads
from commands.ports import Deps, Objects, Passwords
from domain.ids import MemberId, PhotoId, new_id
from domain.visibility import Sight
from infra.eventstore.keys import SqliteKeys
from infra.eventstore.opening import open_sqlite_store
from infra.eventstore.store import LibraryEventStore
from infra.files.objects import FileObjects
from infra.images.pool import Limits as RenderLimits
from infra.images.pool import VipsDarkroom
from infra.installation import Installation, open_installation
from infra.passwords import Argon2Passwords
from infra.settings import Settings
from infra.sqlite.authors import SqliteAuthorLists
from infra.sqlite.comments import SqliteComments
from infra.sqlite.counters import SqliteCounters
from infra.sqlite.duplicates import SqliteDuplicates
from infra.sqlite.follows import SqliteFollows
from infra.sqlite.likes import SqliteLikes
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.photos import SqlitePhotos
from infra.sqlite.processing import SqliteWaiting
from infra.sqlite.profiles import SqliteProfiles
from infra.sqlite.progress import SqliteProgress
from infra.sqlite.timelines import SqliteTimelines
from infra.sqlite.visibility import SqliteImmediate, SqliteSessions, SqliteSight
from projections.catalogue import CATALOGUE
from projections.stores import Model
from streams.following import Follower, prepare
from streams.reactions import Reactions


@dataclass(frozen=True, slots=True)
class Core:
    """The event store and the read models of an installation, as every process and every tool needs them."""

    settings: Settings
    installation: Installation
    store: LibraryEventStore
    models: SqliteReadModels
    deps: Deps


@asynccontextmanager
async def open_core(settings: Settings, *, create: bool = False) -> AsyncIterator[Core]:
    """Open what an installation holds; with `create`, make it where there is none yet."""
    installation = open_installation(settings, create=create)
    async with AsyncExitStack() as stack:
        keys = SqliteKeys(settings.data / "keys.db", installation.key("members"))
        stack.callback(keys.close)
        store = open_sqlite_store(
            settings.data / "events.db",
            logs=installation.logs,
            keys=keys,
            now=utc_now,
            synchronous=settings.synchronous,
        )
        stack.push_async_callback(store.close)
        models = SqliteReadModels(settings.data / "models", CATALOGUE)
        await models.open()
        stack.push_async_callback(models.close)
        await prepare(models, CATALOGUE)
        deps = Deps(store=store, now=utc_now, new_id=new_id, immediate=SqliteImmediate(models), context=context)
        yield Core(settings, installation, store, models, deps)


@asynccontextmanager
async def open_embedded(settings: Settings, *, base_url: str) -> AsyncIterator[FastAPI]:
    """The whole product in this process: the API, the follower, and the darkroom's workers beside it."""
    async with AsyncExitStack() as stack:
        core = await stack.enter_async_context(open_core(settings, create=True))
        installation, models = core.installation, core.models
        passwords = Argon2Passwords(memory_kib=settings.password_memory_kib, passes=settings.password_passes)
        stack.callback(passwords.close)
        objects = FileObjects(settings.data / "objects", installation.key("files"), base_url, now=utc_now)
        darkroom = VipsDarkroom(
            objects.disk,
            installation.key("variants"),
            workers=settings.media_workers,
            limits=RenderLimits(
                seconds=settings.media_seconds,
                memory_bytes=settings.media_memory,
                max_pixels=settings.media_max_pixels,
            ),
        )
        stack.push_async_callback(darkroom.close)
        await darkroom.start()

        async def process(photo_id: PhotoId, owner_id: MemberId) -> None:
            del owner_id
            await photos.process_photo(photos.ProcessPhoto(photo_id), deps=core.deps, darkroom=darkroom)

        reactions = Reactions(SqliteWaiting(models), process, concurrency=2 * settings.media_workers)

        def fed(model: Model) -> None:
            if model.projection == "processing":
                reactions.nudge()

        follower = Follower(core.store, models, CATALOGUE, on_fed=fed)
        await follower.start()
        stack.push_async_callback(follower.stop)
        reactions.start()
        stack.push_async_callback(reactions.stop)

        async def following() -> None:
            if failing := follower.failing:
                raise RuntimeError(f"read models can't be fed: {failing}")

        async def recording() -> None:
            await core.store.head(0)

        sight = SqliteSight(models)
        wiring = Wiring(
            writes=_writes(core.deps, installation, sight, objects, passwords),
            reads=_embedded_reads(core, sight, objects),
            keyring=Keyring("1", {"1": installation.key("access-tokens:1")}),
            secret=installation.key("tokens"),
            now=utc_now,
            store=objects,
            limits=_limits(settings),
            checks={"event store": recording, "read models": following},
            metrics=tuple(projection.name for projection in CATALOGUE),
        )
        yield build_app(wiring)


def _writes(deps: Deps, installation: Installation, sight: Sight, objects: Objects, passwords: Passwords) -> Writes:
    """Every handler with its ports bound; the same in both profiles."""
    fingerprint = installation.fingerprint
    return Writes(
        register_member=partial(members.register_member, deps=deps, passwords=passwords, fingerprint=fingerprint),
        change_profile=partial(members.change_profile, deps=deps),
        find_member=partial(members.find_member, deps, fingerprint=fingerprint),
        log_in=partial(sessions.log_in, deps=deps, passwords=passwords, fingerprint=fingerprint),
        refresh_session=partial(sessions.refresh_session, deps=deps),
        log_out=partial(sessions.log_out, deps=deps),
        follow_member=partial(follows.follow_member, deps=deps),
        end_follow=partial(follows.end_follow, deps=deps),
        accept_follower=partial(follows.accept_follower, deps=deps),
        new_upload=partial(uploads.new_upload, deps=deps),
        sign_upload=partial(uploads.sign_upload, objects=objects),
        request_uploads=partial(uploads.request_uploads, deps=deps),
        publish_photo=partial(photos.publish_photo, deps=deps, objects=objects),
        change_photo=partial(photos.change_photo, deps=deps, sight=sight),
        remove_photo=partial(photos.remove_photo, deps=deps, sight=sight),
        restore_photo=partial(photos.restore_photo, deps=deps, sight=sight),
        like_photo=partial(likes.like_photo, deps=deps, sight=sight),
        unlike_photo=partial(likes.unlike_photo, deps=deps, sight=sight),
        write_comment=partial(comments.write_comment, deps=deps, sight=sight),
        edit_comment=partial(comments.edit_comment, deps=deps, sight=sight),
        remove_comment=partial(comments.remove_comment, deps=deps, sight=sight),
        recall=partial(deciding.recall, deps=deps),
    )


def _embedded_reads(core: Core, sight: Sight, objects: FileObjects) -> Reads:
    models = core.models
    return Reads(
        sight=sight,
        profiles=SqliteProfiles(models),
        photos=SqlitePhotos(models),
        authors=SqliteAuthorLists(models),
        follows=SqliteFollows(models),
        timelines=SqliteTimelines(models),
        likes=SqliteLikes(models),
        comments=SqliteComments(models),
        counters=SqliteCounters(models),
        duplicates=SqliteDuplicates(models),
        sessions=SqliteSessions(models),
        progress=SqliteProgress(models, core.store),
        files=objects,
    )


def _limits(settings: Settings) -> Limits:
    return Limits(
        catch_up_s=settings.catch_up_s, body_bytes=settings.body_limit, access_token_s=settings.access_token_s
    )


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)
