"""Query ports whose answers are kept in memory, each in front of one that reads the file.

What feeds and photo views ask for is here. An answer is as fresh as the file (`infra.sqlite.keeping`), so what
restricts acts at once through these as well.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any, Final

from domain.ids import CommentId, MemberId, PhotoId, SessionId
from domain.visibility import MemberState, PhotoState, Relation, Sight
from infra.sqlite.keeping import Kind
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.timelines import SqliteTimelines
from projections import counters
from projections.affinity import AFFINITY, Given, GivenRow
from projections.counters import COUNTERS
from projections.follows import FOLLOWS, FollowerRow, FollowingRow, FollowRequestRow
from projections.likes import LIKES, LikeRow
from projections.photos import PHOTOS, PhotoRow
from projections.ports import Affinities, Counters, Follows, Likes, Photos, Profiles, Sessions, Similar, Since
from projections.profiles import PROFILES, ProfileRow
from projections.rows import Key
from projections.similar import SIMILAR, DescriptorRow
from projections.timelines import TIMELINES, CelebrityRow, HotAuthorRow, TimelinePhotoRow, TimelineRow
from projections.visibility import VISIBILITY, EndedSessionRow, MemberStateRow, PhotoStateRow

Pair = tuple[str, str]
Asked = tuple[tuple[int, ...], int]
"""What is compared, and with how many."""
Near = tuple[PhotoId, float]

_FIRST: Final = 101
"""Rows of a timeline that are kept: a first page of the largest size, and the one row more that pages look for."""
_FEW: Final = 256
"""Authors whose lists are merged here; of more, each would seldom be asked for again."""
_ALL: Final = ""
"""The one key of what is kept as a whole."""


def _of(cls: type) -> Callable[[type, Key], Iterable[Any]]:
    """Answers that a row of this class shows in, under the first field of its key."""
    return lambda changed, key: key[:1] if changed is cls else ()


def _both_ways(changed: type, key: Key) -> Iterable[Pair]:
    """Relations that a row shows in: whatever is keyed by two members says something of both."""
    del changed
    return ((key[0], key[1]), (key[1], key[0])) if len(key) > 1 else ()


def _sets(changed: type) -> Iterable[str]:
    return (_ALL,) if changed in (CelebrityRow, HotAuthorRow) else ()


def _pair(changed: type, key: Key) -> Iterable[Pair]:
    return ((key[0], key[1]),) if changed is LikeRow else ()


_STATES: Final[Kind[PhotoId, PhotoState]] = Kind("photo states", 100_000, _of(PhotoStateRow))
_MEMBERS: Final[Kind[MemberId, MemberState]] = Kind("member states", 100_000, _of(MemberStateRow))
_RELATIONS: Final[Kind[Pair, Relation]] = Kind("relations", 400_000, _both_ways)
_SESSIONS: Final[Kind[SessionId, bool]] = Kind("sessions", 100_000, _of(EndedSessionRow))
_PHOTOS: Final[Kind[PhotoId, PhotoRow]] = Kind("photos", 20_000, _of(PhotoRow))
_PROFILES: Final[Kind[MemberId, ProfileRow]] = Kind("profiles", 50_000, _of(ProfileRow))
_COUNTS: Final[Kind[str, Mapping[str, int]]] = Kind("counts", 100_000, lambda _, key: key[:1])
_LIKES: Final[Kind[Pair, bool]] = Kind("likes", 400_000, _pair)
_TIMELINES: Final[Kind[MemberId, Sequence[TimelineRow]]] = Kind("timelines", 5_000, _of(TimelineRow))
_AUTHORS: Final[Kind[MemberId, Sequence[PhotoId]]] = Kind("author lists", 5_000, _of(TimelinePhotoRow))
_CELEBRITIES: Final[Kind[str, frozenset[MemberId]]] = Kind("celebrities", 2, lambda cls, _: _sets(cls))
_LONG_TIMELINES: Final[Kind[MemberId, object]] = Kind("long timelines", 5_000, _of(TimelineRow))
_LONG_LISTS: Final[Kind[MemberId, object]] = Kind("long author lists", 20_000, _of(TimelinePhotoRow))
_FOLLOWED: Final[Kind[MemberId, object]] = Kind("followed", 20_000, _of(FollowingRow))
_GIVEN: Final[Kind[MemberId, object]] = Kind("given", 20_000, _of(GivenRow))
_DESCRIPTORS: Final[Kind[PhotoId, tuple[int, ...]]] = Kind("descriptors", 50_000, _of(DescriptorRow))
_NEAREST: Final[Kind[Asked, Sequence[Near]]] = Kind("nearest", 200, lambda cls, _: None if cls is DescriptorRow else ())
_HOT: Final[Kind[str, frozenset[MemberId]]] = Kind("hot authors", 2, lambda cls, _: _sets(cls))


class KeptSight:
    """The rows that the visibility rule reads, as fresh as the last command."""

    def __init__(self, models: SqliteReadModels, file: Sight) -> None:
        self._models = models
        self._file = file

    async def photos(self, photo_ids: Iterable[PhotoId]) -> Mapping[PhotoId, PhotoState]:
        """What is known of each photo; unknown ones are left out."""
        return await self._models.some(VISIBILITY, _STATES, photo_ids, self._file.photos)

    async def members(self, member_ids: Iterable[MemberId]) -> Mapping[MemberId, MemberState]:
        """What is known of each member; unknown ones are left out."""
        return await self._models.some(VISIBILITY, _MEMBERS, member_ids, self._file.members)

    async def relations(self, viewer: MemberId, others: Iterable[MemberId]) -> Mapping[MemberId, Relation]:
        """How the viewer stands to each of the others; every one asked for is in the answer."""

        async def load(pairs: list[Pair]) -> Mapping[Pair, Relation]:
            found = await self._file.relations(viewer, [other for _, other in pairs])
            return {(viewer, other): relation for other, relation in found.items()}

        known = await self._models.some(VISIBILITY, _RELATIONS, [(viewer, other) for other in others], load)
        return {other: relation for (_, other), relation in known.items()}

    async def gone_comments(self, comment_ids: Iterable[CommentId]) -> frozenset[CommentId]:
        """Which of the comments were deleted or taken down: nobody sees them, whatever lists still hold."""
        return await self._file.gone_comments(comment_ids)


class KeptSessions:
    """Which sessions are over."""

    def __init__(self, models: SqliteReadModels, file: Sessions) -> None:
        self._models = models
        self._file = file

    async def ended(self, session_id: SessionId, member_id: MemberId) -> bool:
        """Whether its tokens no longer count, or those of all of the member's sessions."""

        async def load(keys: list[str]) -> Mapping[str, bool]:
            return {key: await self._file.ended(key, key) for key in keys}

        known = await self._models.some(VISIBILITY, _SESSIONS, (session_id, member_id), load)
        return known[session_id] or known[member_id]


class KeptPhotos:
    """Photo documents; one is the same object for as long as it did not change."""

    def __init__(self, models: SqliteReadModels, file: Photos) -> None:
        self._models = models
        self._file = file

    async def by_ids(self, photo_ids: Iterable[PhotoId]) -> Mapping[PhotoId, PhotoRow]:
        """Those that are known."""
        return await self._models.some(PHOTOS, _PHOTOS, photo_ids, self._file.by_ids)


class KeptProfiles:
    """Members as they present themselves; one is the same object for as long as it did not change."""

    def __init__(self, models: SqliteReadModels, file: Profiles) -> None:
        self._models = models
        self._file = file

    async def by_ids(self, member_ids: Iterable[MemberId]) -> Mapping[MemberId, ProfileRow]:
        """Those that are known."""
        return await self._models.some(PROFILES, _PROFILES, member_ids, self._file.by_ids)

    async def by_username(self, username: str) -> ProfileRow | None:
        """The member of that name, in whatever case it is written."""
        return await self._file.by_username(username)


class KeptCounters:
    """Exact tallies."""

    def __init__(self, models: SqliteReadModels, file: Counters) -> None:
        self._models = models
        self._file = file

    async def read(
        self, subjects: Iterable[str], kinds: Iterable[counters.Kind]
    ) -> Mapping[tuple[str, counters.Kind], int]:
        """The count of each kind for each subject; every pair that was asked for is in the answer."""
        asked, wanted = list(subjects), tuple(kinds)
        known = await self._models.some(COUNTERS, _COUNTS, asked, self._load)
        return {(subject, kind): known[subject].get(kind, 0) for subject in asked for kind in wanted}

    async def _load(self, subjects: list[str]) -> Mapping[str, Mapping[str, int]]:
        loaded: dict[str, dict[str, int]] = {subject: {} for subject in subjects}
        for (subject, kind), count in (await self._file.read(subjects, counters.Kind)).items():
            if count:
                loaded[subject][kind] = count
        return loaded


class KeptLikes:
    """Who likes what."""

    def __init__(self, models: SqliteReadModels, file: Likes) -> None:
        self._models = models
        self._file = file

    async def page(self, photo_id: PhotoId, *, before: Since | None, limit: int) -> Sequence[LikeRow]:
        """Newest first."""
        return await self._file.page(photo_id, before=before, limit=limit)

    async def liked(self, member_id: MemberId, photo_ids: Iterable[PhotoId]) -> frozenset[PhotoId]:
        """Which of the photos the member likes."""

        async def load(pairs: list[Pair]) -> Mapping[Pair, bool]:
            found = await self._file.liked(member_id, [photo for photo, _ in pairs])
            return {pair: pair[0] in found for pair in pairs}

        pairs = [(photo_id, member_id) for photo_id in photo_ids]
        known = await self._models.some(LIKES, _LIKES, pairs, load)
        return frozenset(photo_id for (photo_id, _), liked in known.items() if liked)


class KeptSimilar:
    """Photos by what they look like; which are the nearest is known until any descriptor comes, changes or goes."""

    def __init__(self, models: SqliteReadModels, file: Similar) -> None:
        self._models = models
        self._file = file

    async def descriptor(self, photo_id: PhotoId) -> tuple[int, ...] | None:
        """What the photo is compared by."""

        async def load(photo_ids: list[PhotoId]) -> Mapping[PhotoId, tuple[int, ...]]:
            found = [(each, await self._file.descriptor(each)) for each in photo_ids]
            return {each: tuple(descriptor) for each, descriptor in found if descriptor is not None}

        return (await self._models.some(SIMILAR, _DESCRIPTORS, (photo_id,), load)).get(photo_id)

    async def nearest(self, descriptor: Sequence[int], *, limit: int) -> Sequence[Near]:
        """The nearest, best first."""

        async def load(asked: list[Asked]) -> Mapping[Asked, Sequence[Near]]:
            return {(each, most): await self._file.nearest(each, limit=most) for each, most in asked}

        asked = (tuple(descriptor), limit)
        return (await self._models.some(SIMILAR, _NEAREST, (asked,), load))[asked]


class KeptFollows:
    """Who follows whom; of whom somebody follows it is known when that changes."""

    def __init__(self, models: SqliteReadModels, file: Follows) -> None:
        self._models = models
        self._file = file

    async def followers(self, member_id: MemberId, *, before: Since | None, limit: int) -> Sequence[FollowerRow]:
        """Newest first."""
        return await self._file.followers(member_id, before=before, limit=limit)

    async def following(self, member_id: MemberId, *, before: Since | None, limit: int) -> Sequence[FollowingRow]:
        """Newest first."""
        async with self._models.watching(FOLLOWS, _FOLLOWED, (member_id,)):
            return await self._file.following(member_id, before=before, limit=limit)

    async def requests(self, member_id: MemberId, *, before: Since | None, limit: int) -> Sequence[FollowRequestRow]:
        """Newest first."""
        return await self._file.requests(member_id, before=before, limit=limit)


class KeptAffinities:
    """What readers gave authors; it is known when that changes, but not when something becomes too old to count."""

    def __init__(self, models: SqliteReadModels, file: Affinities) -> None:
        self._models = models
        self._file = file

    async def given(self, reader_id: MemberId, *, since: datetime) -> Mapping[MemberId, Given]:
        """Likes and comments by author, of those who got any."""
        async with self._models.watching(AFFINITY, _GIVEN, (reader_id,)):
            return await self._file.given(reader_id, since=since)


class KeptTimelines:
    """Home timelines, as written ahead, and what is merged into them."""

    def __init__(self, models: SqliteReadModels, file: SqliteTimelines) -> None:
        self._models = models
        self._file = file

    async def page(
        self, member_id: MemberId, *, before: PhotoId | None, limit: int, oldest: PhotoId = ""
    ) -> Sequence[TimelineRow]:
        """Newest first; the newest are kept."""
        if limit > _FIRST:
            async with self._models.watching(TIMELINES, _LONG_TIMELINES, (member_id,)):
                return await self._file.page(member_id, before=before, limit=limit, oldest=oldest)

        async def load(members: list[MemberId]) -> Mapping[MemberId, Sequence[TimelineRow]]:
            return {member: await self._file.page(member, before=None, limit=_FIRST) for member in members}

        kept = (await self._models.some(TIMELINES, _TIMELINES, (member_id,), load))[member_id]
        rows = kept if before is None else [row for row in kept if row.photo_id < before]
        if len(rows) < limit and len(kept) == _FIRST:  # more may lie behind
            return await self._file.page(member_id, before=before, limit=limit, oldest=oldest)
        rows = rows[:limit]
        return rows if not rows or rows[-1].photo_id >= oldest else [row for row in rows if row.photo_id >= oldest]

    async def celebrities(self) -> frozenset[MemberId]:
        """Authors with so many followers that their photos are not fanned out."""

        async def load(_: list[str]) -> Mapping[str, frozenset[MemberId]]:
            return {_ALL: await self._file.celebrities()}

        return (await self._models.some(TIMELINES, _CELEBRITIES, (_ALL,), load))[_ALL]

    async def hot(self) -> frozenset[MemberId]:
        """Celebrities, and authors with chunks left to do."""

        async def load(_: list[str]) -> Mapping[str, frozenset[MemberId]]:
            return {_ALL: await self._file.hot()}

        return (await self._models.some(TIMELINES, _HOT, (_ALL,), load))[_ALL]

    async def of_authors(
        self, owner_ids: Iterable[MemberId], *, before: PhotoId | None, oldest: PhotoId, limit: int
    ) -> Sequence[PhotoId]:
        """The photos of several authors together, newest first; the newest of each are kept."""
        owners = list(owner_ids)
        if limit > _FIRST or len(owners) > _FEW:
            async with self._models.watching(TIMELINES, _LONG_LISTS, owners):
                return await self._file.of_authors(owners, before=before, oldest=oldest, limit=limit)

        async def load(members: list[MemberId]) -> Mapping[MemberId, Sequence[PhotoId]]:
            return await self._file.newest(members, limit=_FIRST)

        lists = []
        for kept in (await self._models.some(TIMELINES, _AUTHORS, owners, load)).values():
            photos = kept if before is None else [photo for photo in kept if photo < before]
            if len(photos) < limit and len(kept) == _FIRST:  # more may lie behind
                return await self._file.of_authors(owners, before=before, oldest=oldest, limit=limit)
            lists.append(photos)
        return [photo for photo in islice(merge(*lists, reverse=True), limit) if photo >= oldest]
