"""The past: a scratch store with read models as they stood at a moment, and the API's own answers over it."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

from api.ports import Reads
from api.reads.home import LATEST_MODELS, Order, belongs, skeleton
from api.showing import members, photos
from domain.ids import PhotoId, ShareId
from infra.sqlite.affinity import SqliteAffinities
from infra.sqlite.albums import SqliteAlbums
from infra.sqlite.authors import SqliteAuthorLists
from infra.sqlite.blocks import SqliteBlocks
from infra.sqlite.comments import SqliteComments
from infra.sqlite.counters import SqliteCounters
from infra.sqlite.duplicates import SqliteDuplicates
from infra.sqlite.erasures import SqliteErasures
from infra.sqlite.follows import SqliteFollows
from infra.sqlite.likes import SqliteLikes
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.mutes import SqliteMutes
from infra.sqlite.notifications import SqliteNotifications
from infra.sqlite.photos import SqlitePhotos
from infra.sqlite.profiles import SqliteProfiles
from infra.sqlite.progress import SqliteProgress
from infra.sqlite.reports import SqliteReports
from infra.sqlite.search import SqliteSearch
from infra.sqlite.shares import SqliteShares
from infra.sqlite.similar import SqliteSimilar
from infra.sqlite.tags import SqliteTags
from infra.sqlite.timelines import SqliteTimelines
from infra.sqlite.trash import SqliteTrash
from infra.sqlite.trending import SqlitePublicPhotos, SqliteTrending
from infra.sqlite.visibility import SqliteSessions, SqliteSight
from projections.catalogue import CATALOGUE
from projections.counters import Kind
from projections.timelines import STORED
from streams.ports import EventLog

NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "feed": (*photos.MODELS, *LATEST_MODELS),
    "profile": ("visibility", "profiles", "counters"),
    "counts": ("counters",),
}
"""The read models behind each answer."""

_RECORD: Final = "replay.json"
_PAGE: Final = 200


class ReplayError(Exception):
    """A folder holds a replay to another moment."""


@asynccontextmanager
async def scratch(directory: Path, through: Mapping[int, int], *, personal: bool) -> AsyncIterator[SqliteReadModels]:
    """A store for a replay; one that was interrupted can be gone on with, but never to another moment."""
    record = orjson.dumps(
        {"through": through, "personal": personal}, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE
    )
    await asyncio.to_thread(_claim, directory, record)
    models = SqliteReadModels(directory, CATALOGUE)
    await models.open()
    try:
        yield models
    finally:
        await models.close()


def _claim(directory: Path, record: bytes) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / _RECORD
    if not path.exists():
        path.write_bytes(record)
    elif path.read_bytes() != record:
        raise ReplayError(f"{directory} holds a replay to another moment; replay into another folder")


class _Uncounted:
    """The port `ShareViews`, of which the past keeps nothing."""

    async def count(self, share_id: ShareId) -> None:
        """Nobody follows links into the past."""
        del share_id

    async def read(self, share_ids: Iterable[ShareId]) -> None:
        """That can't be told."""
        del share_ids


class Past:
    """What the API would have answered."""

    def __init__(self, models: SqliteReadModels, log: EventLog, at: datetime) -> None:
        self._at = at
        unrecorded = _Unrecorded()
        self._reads = Reads(
            sight=SqliteSight(models),
            profiles=SqliteProfiles(models),
            photos=SqlitePhotos(models),
            authors=SqliteAuthorLists(models),
            albums=SqliteAlbums(models),
            shares=SqliteShares(models),
            reports=SqliteReports(models),
            erasures=SqliteErasures(models),
            notifications=SqliteNotifications(models),
            share_views=_Uncounted(),
            follows=SqliteFollows(models),
            blocks=SqliteBlocks(models),
            mutes=SqliteMutes(models),
            trash=SqliteTrash(models),
            timelines=SqliteTimelines(models),
            likes=SqliteLikes(models),
            affinities=SqliteAffinities(models),
            frozen=_Nothing(),
            comments=SqliteComments(models),
            counters=SqliteCounters(models),
            duplicates=SqliteDuplicates(models),
            similar=SqliteSimilar(models),
            sessions=SqliteSessions(models),
            search=SqliteSearch(models),
            trending=SqliteTrending(models),
            public_photos=SqlitePublicPhotos(models),
            tags=SqliteTags(models),
            views=unrecorded,
            walks=unrecorded,
            progress=SqliteProgress(models, log),
            files=_Keys(),
            now=lambda: self._at,
            window=STORED,
        )

    async def feed(self, username: str) -> AsyncIterator[Mapping[str, Any]]:
        """A member's whole feed, newest first; files by their keys."""
        reads, key = self._reads, None
        me = (await members.known(reads, username)).member_id
        while places := await skeleton(reads, me, Order.LATEST, key, _PAGE):
            known = await photos.hydrate(reads, me, (place.photo_id for place in places))
            for place in places:
                shown = photos.present(known, place.photo_id, reads, lambda: self._at)
                if shown is not None and belongs(known, place):
                    yield shown.body
            key = places[-1].key

    async def profile(self, username: str, viewer: str | None) -> Mapping[str, Any]:
        """A member as the viewer saw them; as anyone did without a viewer."""
        profile = await members.known(self._reads, username)
        who = None if viewer is None else (await members.known(self._reads, viewer)).member_id
        return (await members.member(self._reads, profile, who)).body

    async def counts(self, photo_id: str) -> Mapping[str, int]:
        """How many likes and comments a photo had."""
        kinds = {"likes": Kind.LIKES, "comments": Kind.COMMENTS}
        found = await self._reads.counters.read([photo_id], kinds.values())
        return {name: found[photo_id, kind] for name, kind in kinds.items()}


class _Nothing:
    """Nobody pages through the past."""

    async def keep(self, order: Sequence[PhotoId]) -> str:
        """Kept nowhere."""
        del order
        return ""

    async def read(self, name: str) -> None:
        """Nothing is kept."""
        del name


class _Keys:
    """Files by their keys: a link of the past would lead nowhere."""

    def public_url(self, key: str) -> str:
        """The key itself."""
        return key

    def signed_url(self, key: str, expires_at: datetime) -> str:
        """The key itself."""
        del expires_at
        return key

    def expiry(self, expires_at: datetime) -> datetime:
        """Then."""
        return expires_at


class _Unrecorded:
    """What no event tells, and so is not known of the past: views, and who walked through which list."""

    async def add(self, photo_ids: Iterable[PhotoId]) -> None:
        """Refused: the past is not viewed."""
        del photo_ids
        raise ReplayError("views are not recorded")

    async def of(self, photo_ids: Iterable[PhotoId]) -> Mapping[PhotoId, int]:
        """None that is known."""
        del photo_ids
        return {}

    async def keep(self, walk: str, number: int, items: Sequence[str]) -> Sequence[str]:
        """As they come."""
        del walk, number
        return items

    async def kept(self, walk: str, number: int) -> Sequence[str] | None:
        """None that is known."""
        del walk, number
        return None
