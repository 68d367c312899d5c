"""The core of an installation: what every process and every tool needs of it, whichever profile it runs in."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from api.ports import Check, Files, FileStore, Keyring, Limits, Live, Reads
from api.ratelimits import RateLimit
from api.throttling import Tallies
from api.wiring import Wiring, Writes
from commands import (
    albums,
    avatars,
    blocks,
    closing,
    comments,
    deciding,
    duplicates,
    follows,
    likes,
    members,
    moderation,
    mutes,
    notifications,
    photos,
    sessions,
    shares,
    uploads,
)
from commands.celebrities import ReviewAuthor, review_author
from commands.moving import MovePhoto, move_photo
from commands.ports import Deps, Objects, Passwords
from commands.tidying import TidyPhoto, tidy_photo
from domain.celebrities import Thresholds
from domain.ids import MemberId, PhotoId, UploadId
from domain.visibility import Sight
from infra.caching.hits import Hits
from infra.developing import home_of
from infra.eventstore.store import LibraryEventStore
from infra.files.objects import FileObjects
from infra.installation import Installation
from infra.operating import Operating
from infra.requests import ShownRequests
from infra.settings import Settings
from infra.tallies import MemoryTallies
from projections.catalogue import CATALOGUE
from projections.explore import PublicPhotos
from projections.ports import (
    Affinities,
    Albums,
    AuthorLists,
    Blocks,
    Comments,
    Counters,
    Duplicates,
    Erasures,
    Follows,
    Frozen,
    Likes,
    Mutes,
    Notifications,
    OpenUploads,
    Photos,
    Profiles,
    Progress,
    Reports,
    Search,
    Sessions,
    Shares,
    ShareViews,
    Similar,
    Timelines,
    Trash,
    Unsettled,
    Views,
    Waiting,
    Walks,
)
from projections.stores import ReadModels
from projections.tags import Tags
from projections.trending import Trending
from streams.celebrities import Celebrities
from streams.erasing import Erasing
from streams.fanout import Chunks
from streams.live import LiveFacts
from streams.merging import Merged
from streams.moving import Moving
from streams.owning import OwnEvents
from streams.relay import RelayCheckpoints
from streams.settling import Finish, Leading, Settling
from streams.sweeping import Sweeping

SKEW: Final = timedelta(seconds=1)
"""So far the clocks of a cluster's processes may be apart."""


@dataclass(frozen=True, slots=True)
class Queries:
    """Every query port of an installation."""

    sight: Sight
    profiles: Profiles
    photos: Photos
    authors: AuthorLists
    albums: Albums
    shares: Shares
    reports: Reports
    erasures: Erasures
    notifications: Notifications
    share_views: ShareViews
    follows: Follows
    blocks: Blocks
    mutes: Mutes
    trash: Trash
    timelines: Timelines
    likes: Likes
    affinities: Affinities
    frozen: Frozen
    comments: Comments
    counters: Counters
    duplicates: Duplicates
    similar: Similar
    uploads: OpenUploads
    sessions: Sessions
    search: Search
    trending: Trending
    public_photos: PublicPhotos
    tags: Tags
    views: Views
    walks: Walks
    previews: Waiting
    waiting: Waiting
    detections: Waiting
    chunks: Chunks
    unsettled: Unsettled
    progress: Progress
    near: bool = False
    hits: Hits | None = None

    def reads(self, files: Files, window: timedelta) -> Reads:
        """What the API reads from; timelines are complete as far back as the window reaches."""
        return Reads(
            sight=self.sight,
            profiles=self.profiles,
            photos=self.photos,
            authors=self.authors,
            albums=self.albums,
            shares=self.shares,
            reports=self.reports,
            erasures=self.erasures,
            notifications=self.notifications,
            share_views=self.share_views,
            follows=self.follows,
            blocks=self.blocks,
            mutes=self.mutes,
            trash=self.trash,
            timelines=self.timelines,
            likes=self.likes,
            affinities=self.affinities,
            frozen=self.frozen,
            comments=self.comments,
            counters=self.counters,
            duplicates=self.duplicates,
            similar=self.similar,
            sessions=self.sessions,
            search=self.search,
            trending=self.trending,
            public_photos=self.public_photos,
            tags=self.tags,
            views=self.views,
            walks=self.walks,
            progress=self.progress,
            files=files,
            now=utc_now,
            window=window,
            near=self.near,
        )


@dataclass(frozen=True, slots=True)
class Core:
    """An open installation."""

    settings: Settings
    installation: Installation
    store: LibraryEventStore
    models: ReadModels
    queries: Queries
    deps: Deps
    shred: Callable[[MemberId], Awaitable[None]]
    """Destroys a member's key."""
    tidy: Callable[[], Awaitable[None]]
    """Empties read models' files of what was deleted from them."""


def requests(core: Core) -> ShownRequests:
    """Who asks to follow whom."""
    return ShownRequests(core.queries.follows, core.queries.progress, patience_s=core.settings.catch_up_s)


def settling(core: Core, leadership: Leading | None = None) -> Settling:
    """What finishes what a crash kept commands from doing."""
    deps, asking = core.deps, requests(core)

    async def settle_block(blocker_id: MemberId, blocked_id: MemberId) -> None:
        await blocks.settle_block(blocks.SettleBlock(blocker_id, blocked_id), deps=deps)

    async def accept_requests(member_id: MemberId, reached: Mapping[int, int], most: int) -> int:
        accepting = follows.AcceptRequests(member_id, reached, most)
        return (await follows.accept_requests(accepting, deps=deps, requests=asking)).state

    async def settle_requests(member_id: MemberId) -> None:
        await members.settle_requests(members.SettleRequests(member_id), deps=deps)

    finish = Finish(settle_block, accept_requests, settle_requests)
    return Settling(core.queries.unsettled, finish, deps.now, leadership)


def sweeping(core: Core, objects: Objects, leadership: Leading | None = None) -> Sweeping:
    """What removes uploads that nobody may use any more."""

    async def sweep(upload_id: UploadId) -> bool:
        return bool(
            (await uploads.sweep_upload(uploads.SweepUpload(upload_id), deps=core.deps, objects=objects)).recorded
        )

    scraps = objects.sweep if isinstance(objects, FileObjects) else None
    return Sweeping(core.queries.uploads, sweep, core.deps.now, core.settings.media_sweep_s, leadership, scraps)


def moving(core: Core, objects: Objects, checkpoints: RelayCheckpoints, leadership: Leading | None = None) -> Moving:
    """What gives the files of photos other keys that are no longer for everyone; to be run by one process at a time."""
    home = home_of(core.installation)

    async def move(photo_id: PhotoId, private_at: datetime | None) -> None:
        await move_photo(MovePhoto(photo_id, private_at), deps=core.deps, objects=objects, home=home)

    async def tidy(photo_id: PhotoId) -> None:
        await tidy_photo(TidyPhoto(photo_id), deps=core.deps, objects=objects, home=home)

    queries = core.queries
    return Moving(core.store, queries.progress, queries.authors, move, tidy, core.deps.now, checkpoints, leadership)


def writes(core: Core, objects: Objects, passwords: Passwords) -> Writes:
    """Every command handler with its ports bound."""
    deps, sight, fingerprint = core.deps, core.queries.sight, core.installation.fingerprint
    seeing: dict[str, Any] = {"deps": deps, "sight": sight, "shown": core.queries.albums}
    return Writes(
        register_member=partial(members.register_member, deps=deps, passwords=passwords, fingerprint=fingerprint),
        change_profile=partial(members.change_profile, deps=deps),
        find_member=partial(members.find_member, deps, fingerprint=fingerprint),
        log_in=partial(sessions.log_in, deps=deps, passwords=passwords, fingerprint=fingerprint),
        refresh_session=partial(sessions.refresh_session, deps=deps),
        log_out=partial(sessions.log_out, deps=deps),
        session_ended=partial(sessions.session_ended, deps=deps),
        follow_member=partial(follows.follow_member, deps=deps),
        end_follow=partial(follows.end_follow, deps=deps),
        accept_follower=partial(follows.accept_follower, deps=deps),
        accept_requests=partial(follows.accept_requests, deps=deps, requests=requests(core)),
        block_member=partial(blocks.block_member, deps=deps),
        unblock_member=partial(blocks.unblock_member, deps=deps),
        mute_member=partial(mutes.mute_member, deps=deps),
        unmute_member=partial(mutes.unmute_member, deps=deps),
        new_upload=partial(uploads.new_upload, deps=deps),
        sign_upload=partial(uploads.sign_upload, objects=objects),
        divide_upload=partial(uploads.divide_upload, objects=objects),
        sign_parts=partial(uploads.sign_parts, objects=objects),
        request_uploads=partial(uploads.request_uploads, deps=deps),
        complete_upload=partial(uploads.complete_upload, deps=deps, objects=objects),
        choose_avatar=partial(avatars.choose_avatar, deps=deps, objects=objects),
        remove_avatar=partial(avatars.remove_avatar, deps=deps, objects=objects),
        edit_photo=partial(photos.edit_photo, deps=deps, sight=sight),
        decide_duplicates=partial(duplicates.decide_duplicates, deps=deps),
        publish_photo=partial(photos.publish_photo, deps=deps, objects=objects),
        change_photo=partial(photos.change_photo, deps=deps, sight=sight),
        remove_photo=partial(photos.remove_photo, deps=deps, sight=sight),
        restore_photo=partial(photos.restore_photo, deps=deps, sight=sight),
        create_album=partial(albums.create_album, deps=deps),
        change_album=partial(albums.change_album, **seeing),
        remove_album=partial(albums.remove_album, **seeing),
        place_photo=partial(albums.place_photo, **seeing, behind=core.queries.albums.behind),
        take_photo_out=partial(albums.take_photo_out, **seeing),
        create_share=partial(shares.create_share, **seeing, passwords=passwords),
        revoke_share=partial(shares.revoke_share, deps=deps),
        see_notifications=partial(notifications.see_notifications, deps=deps),
        file_report=partial(moderation.file_report, deps=deps, sight=sight),
        take_down=partial(moderation.take_down, deps=deps),
        lift_takedown=partial(moderation.lift_takedown, deps=deps),
        close_account=partial(closing.close_account, deps=deps, passwords=passwords),
        like_photo=partial(likes.like_photo, deps=deps, sight=sight),
        unlike_photo=partial(likes.unlike_photo, deps=deps, sight=sight),
        write_comment=partial(comments.write_comment, deps=deps, sight=sight),
        edit_comment=partial(comments.edit_comment, deps=deps, sight=sight),
        remove_comment=partial(comments.remove_comment, deps=deps, sight=sight),
        recall=partial(deciding.recall, deps=deps),
    )


def celebrities(core: Core) -> Celebrities:
    """Reviews authors whose followers became more or fewer."""
    thresholds = Thresholds(core.settings.celebrity_up, core.settings.celebrity_down)

    async def review(author: MemberId, followers: int) -> None:
        await review_author(ReviewAuthor(author, followers), deps=core.deps, thresholds=thresholds)

    return Celebrities(core.queries.counters, core.queries.timelines, review, thresholds)


def wiring(
    core: Core,
    *,
    objects: Objects,
    passwords: Passwords,
    files: Files,
    checks: Mapping[str, Check],
    store: FileStore[Any] | None = None,
    live: Live | None = None,
    base_url: str = "",
    tallies: Tallies | None = None,
) -> Wiring:
    """What the API is built from; with a `store`, this process takes and serves the files itself."""
    settings, installation = core.settings, core.installation
    return Wiring(
        writes=writes(core, objects, passwords),
        reads=core.queries.reads(files, timedelta(days=settings.timeline_days)),
        events=Merged(
            core.store, core.store.settle, utc_now, skew=SKEW if settings.profile == "cluster" else timedelta()
        ),
        operations=Operating(core.store, core.models, utc_now),
        keyring=Keyring(str(settings.token_key), installation.token_keys(settings.token_key)),
        secret=installation.key("tokens"),
        now=utc_now,
        limits=Limits(
            catch_up_s=settings.catch_up_s,
            body_bytes=settings.body_limit,
            access_token_s=settings.access_token_s,
            request_s=settings.request_s,
            password_tries=settings.password_tries,
            origins=tuple(each.strip() for each in settings.cors_origins.split(",") if each.strip()),
        ),
        metrics=tuple(projection.name for projection in CATALOGUE),
        measures=() if core.queries.hits is None else (core.queries.hits,),
        store=store,
        matches=passwords.matches,
        base_url=base_url,
        own_events=OwnEvents(core.store),
        live=live or LiveFacts(core.store),
        tallies=tallies or MemoryTallies(),
        rate=RateLimit(settings.rate_member, settings.rate_address, reads=settings.rate_reads),
        checks=checks,
    )


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


def erasing(core: Core, objects: Objects) -> Erasing:
    """What erases those who left; to be run by one process at a time."""
    queries = core.queries
    return Erasing(
        deps=core.deps,
        heads=core.store,
        progress=queries.progress,
        erasures=queries.erasures,
        authors=queries.authors,
        albums=queries.albums,
        shares=queries.shares,
        objects=objects,
        shred=core.shred,
        tidy=core.tidy,
        wait_s=core.settings.erase_after_s,
    )
