"""What readers ask of the read models: one narrow port for each.

Every method answers from one version of its read model. Pages are keyset pages: `before` and `after` are the keys of
the last item already seen (exclusive), and no more than `limit` rows come back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from domain.ids import AlbumId, CommentId, MemberId, PhotoId, ReportId, SessionId, ShareId, UploadId
from domain.shares import ShareState
from domain.visibility import AlbumSight
from projections.affinity import Given
from projections.albums import AlbumEntryRow, AlbumRow
from projections.belongings import BelongingRow
from projections.blocks import BlockRow
from projections.comments import CommentRow
from projections.counters import Kind
from projections.duplicates import Grouped
from projections.erasures import ErasingRow, ErasureRow
from projections.follows import FollowerRow, FollowingRow, FollowRequestRow
from projections.likes import LikeRow
from projections.mutes import MuteRow
from projections.notifications import NoticeActorRow, NoticeRow
from projections.photos import PhotoRow
from projections.processing import WaitingRow
from projections.profiles import ProfileRow
from projections.reports import ReportRow
from projections.search import Found, PhotoFilters, Ranked
from projections.settling import OpenedAccountRow, UnsettledBlockRow
from projections.shares import ShareRow
from projections.timelines import TimelineRow
from projections.trash import TrashedPhotoRow
from projections.uploads import OpenUploadRow

FROZEN_FOR: Final = timedelta(hours=25)
"""A cursor holds for a day at least."""


@dataclass(frozen=True, slots=True)
class Since:
    """A place in a list by time: when the item came, and whose it is."""

    since: datetime
    member_id: MemberId


class Profiles(Protocol):
    """Members as they present themselves."""

    async def by_ids(self, member_ids: Iterable[MemberId]) -> Mapping[MemberId, ProfileRow]:
        """Those that are known."""
        ...

    async def by_username(self, username: str) -> ProfileRow | None:
        """The member of that name, in whatever case it is written."""
        ...


class Photos(Protocol):
    """Photo documents."""

    async def by_ids(self, photo_ids: Iterable[PhotoId]) -> Mapping[PhotoId, PhotoRow]:
        """Those that are known."""
        ...


class AuthorLists(Protocol):
    """Each member's photos."""

    async def page(self, owner_id: MemberId, *, before: PhotoId | None, limit: int) -> Sequence[PhotoId]:
        """Newest first."""
        ...


class Albums(AlbumSight, Protocol):
    """Each member's albums, and the photos in each."""

    async def of(self, owner_id: MemberId, *, before: AlbumId | None, limit: int) -> Sequence[AlbumRow]:
        """Newest first."""
        ...

    async def get(self, album_id: AlbumId) -> AlbumRow | None:
        """One album."""
        ...

    async def page(
        self, album_id: AlbumId, *, after: tuple[str, PhotoId] | None, limit: int
    ) -> Sequence[AlbumEntryRow]:
        """The photos of an album in their order, past a rank and a photo."""
        ...

    async def behind(self, album_id: AlbumId, photo_id: PhotoId) -> PhotoId | None:
        """Behind which photo one lies; `domain.albums.FIRST` for the first, None where it is not in the album."""
        ...


class Reports(Protocol):
    """What members told the moderators."""

    async def page(self, *, before: ReportId | None, limit: int) -> Sequence[ReportRow]:
        """Newest first."""
        ...


class Erasures(Protocol):
    """Who left, and what they leave behind."""

    async def get(self, member_id: MemberId) -> ErasureRow | None:
        """How far an erasure has come."""
        ...

    async def waiting(self, *, limit: int) -> Sequence[ErasingRow]:
        """Those that are not finished."""
        ...

    async def belongings(
        self, member_id: MemberId, *, after: tuple[str, str] | None, limit: int
    ) -> Sequence[BelongingRow]:
        """What a member leaves behind, by kind and subject."""
        ...


class Shares(Protocol):
    """Links to photos and albums."""

    async def get(self, share_id: ShareId) -> ShareState | None:
        """What opens a link, as fresh as the last command; None once it is taken back."""
        ...

    async def of(self, owner_id: MemberId, *, before: ShareId | None, limit: int) -> Sequence[ShareRow]:
        """Newest first."""
        ...


class ShareViews(Protocol):
    """How often links were followed: kept for their owners' interest, outside of the event store."""

    async def count(self, share_id: ShareId) -> None:
        """One more; not counted while the store is away."""
        ...

    async def read(self, share_ids: Iterable[ShareId]) -> Mapping[ShareId, int] | None:
        """How often each was followed, never ones left out; None while that can't be told."""
        ...


@dataclass(frozen=True, slots=True)
class Upto:
    """A place in the list of what a member is told of."""

    at: datetime
    kind: str
    subject: str


@dataclass(frozen=True, slots=True)
class Told:
    """The newest of those who something came from, and how many there are in all."""

    newest: tuple[NoticeActorRow, ...]
    count: int


class Notifications(Protocol):
    """What members are told of."""

    async def page(self, recipient: str, *, before: Upto | None, limit: int) -> Sequence[NoticeRow]:
        """Newest first; a member is told of things by id, and of mentions by name."""
        ...

    async def actors(self, notices: Sequence[str], *, limit: int) -> Mapping[str, Told]:
        """Who each of the notices (`projections.notifications.notice_of`) came from, newest first."""
        ...

    async def seen(self, member_id: MemberId) -> datetime | None:
        """Until when the member has seen what they were told."""
        ...


class Follows(Protocol):
    """Who follows whom."""

    async def followers(self, member_id: MemberId, *, before: Since | None, limit: int) -> Sequence[FollowerRow]:
        """Newest first."""
        ...

    async def following(self, member_id: MemberId, *, before: Since | None, limit: int) -> Sequence[FollowingRow]:
        """Newest first."""
        ...

    async def requests(self, member_id: MemberId, *, before: Since | None, limit: int) -> Sequence[FollowRequestRow]:
        """Newest first."""
        ...


class Blocks(Protocol):
    """Whom members block."""

    async def page(self, blocker_id: MemberId, *, before: Since | None, limit: int) -> Sequence[BlockRow]:
        """Newest first."""
        ...


class Mutes(Protocol):
    """Whom members mute."""

    async def page(self, muter_id: MemberId, *, before: Since | None, limit: int) -> Sequence[MuteRow]:
        """Newest first."""
        ...


class Unsettled(Protocol):
    """What commands set out to do at other homes, and may not have done."""

    async def blocks(self, *, after: tuple[MemberId, MemberId] | None, limit: int) -> Sequence[UnsettledBlockRow]:
        """By pair."""
        ...

    async def openings(self, *, after: MemberId | None, limit: int) -> Sequence[OpenedAccountRow]:
        """By member."""
        ...


class Trash(Protocol):
    """What members deleted."""

    async def page(self, owner_id: MemberId, *, before: Since | None, limit: int) -> Sequence[TrashedPhotoRow]:
        """The last deleted first; `before` holds a photo's id where others hold a member's."""
        ...


class Timelines(Protocol):
    """Home timelines, as written ahead, and what is to be merged into them.

    A timeline lacks nothing but the photos of hot authors, and what is older than the stored window. Readers ask who is
    hot first, then for rows: whoever has cooled in between has all rows written.
    """

    async def page(
        self, member_id: MemberId, *, before: PhotoId | None, limit: int, oldest: PhotoId = ""
    ) -> Sequence[TimelineRow]:
        """Newest first, down to the photo `oldest`; fewer than `limit` only where it ends."""
        ...

    async def hot(self) -> frozenset[MemberId]:
        """Celebrities, and authors whose photos have not been written into all timelines yet."""
        ...

    async def celebrities(self) -> frozenset[MemberId]:
        """Authors with so many followers that their photos are not fanned out."""
        ...

    async def of_authors(
        self, owner_ids: Iterable[MemberId], *, before: PhotoId | None, oldest: PhotoId, limit: int
    ) -> Sequence[PhotoId]:
        """The photos of several authors together, newest first, down to `oldest`; at most one page of `limit`."""
        ...


class Affinities(Protocol):
    """What readers gave authors, by which their feeds are ranked."""

    async def given(self, reader_id: MemberId, *, since: datetime) -> Mapping[MemberId, Given]:
        """Likes and comments by author, of those who got any; what was taken back is left out."""
        ...


class Frozen(Protocol):
    """Orders that were computed once, and that pages go by for `FROZEN_FOR`."""

    async def keep(self, order: Sequence[PhotoId]) -> str:
        """Keep an order; the name that it is found under, which nobody can guess."""
        ...

    async def read(self, name: str) -> Sequence[PhotoId] | None:
        """An order; None where its time is over."""
        ...


class Likes(Protocol):
    """Who likes what."""

    async def page(self, photo_id: PhotoId, *, before: Since | None, limit: int) -> Sequence[LikeRow]:
        """Newest first."""
        ...

    async def liked(self, member_id: MemberId, photo_ids: Iterable[PhotoId]) -> frozenset[PhotoId]:
        """Which of the photos the member likes."""
        ...


class Comments(Protocol):
    """What was written under photos."""

    async def page(self, photo_id: PhotoId, *, after: CommentId | None, limit: int) -> Sequence[CommentRow]:
        """Oldest first."""
        ...

    async def get(self, comment_id: CommentId) -> CommentRow | None:
        """One comment."""
        ...


class Counters(Protocol):
    """Exact tallies."""

    async def read(self, subjects: Iterable[str], kinds: Iterable[Kind]) -> Mapping[tuple[str, Kind], int]:
        """The count of each kind for each subject; every pair that was asked for is in the answer.

        Raises `projections.stores.NoLiveModelError` where counts are unknown now, rather than say zero.
        """
        ...


class Duplicates(Protocol):
    """Photos from the same bytes, or that look alike."""

    async def of(self, owner_id: MemberId, sha256: str) -> Sequence[PhotoId]:
        """The member's photos with that content, oldest first, removed ones included."""
        ...

    async def groups(self, owner_id: MemberId) -> Sequence[Grouped]:
        """All of them, the oldest first, by the group's and the photo's id; removed photos included."""
        ...

    async def group(self, owner_id: MemberId, group_id: PhotoId) -> Sequence[PhotoId]:
        """The photos of one group, oldest first; none where there is no such group of this member."""
        ...

    async def decided(self, owner_id: MemberId) -> Mapping[PhotoId, frozenset[PhotoId]]:
        """For each group about which something was decided, the photos that it was about."""
        ...


class Similar(Protocol):
    """Photos by what they look like."""

    async def descriptor(self, photo_id: PhotoId) -> tuple[int, ...] | None:
        """What the photo is compared by; None where it has nothing."""
        ...

    async def nearest(self, descriptor: Sequence[int], *, limit: int) -> Sequence[tuple[PhotoId, float]]:
        """The photos of the most similar descriptors, with the cosine of the angle between (1: the same)."""
        ...


class OpenUploads(Protocol):
    """Uploads that became nothing yet."""

    async def page(self, *, after: UploadId | None, limit: int) -> Sequence[OpenUploadRow]:
        """Oldest first."""
        ...


class Sessions(Protocol):
    """Which sessions are over."""

    async def ended(self, session_id: SessionId, member_id: MemberId) -> bool:
        """Whether its tokens no longer count, or those of all of the member's sessions."""
        ...


class Waiting(Protocol):
    """Photos that wait in one stage."""

    async def page(self, *, after: PhotoId | None, limit: int) -> Sequence[WaitingRow]:
        """Oldest first."""
        ...


class Walks(Protocol):
    """Lists of which the order is kept while someone walks through them, each in chunks.

    They last for more than a day after their last use, which is longer than cursors promise to.
    """

    async def keep(self, walk: str, number: int, items: Sequence[str]) -> Sequence[str]:
        """Keep a chunk, and give what is kept: of several who bring the same chunk, the first one counts."""
        ...

    async def kept(self, walk: str, number: int) -> Sequence[str] | None:
        """A chunk; None where it was never kept, or was long ago."""
        ...


class Views(Protocol):
    """How often photos were viewed: near enough, for a crash may lose some seconds of it."""

    async def add(self, photo_ids: Iterable[PhotoId]) -> None:
        """One view more of each."""
        ...

    async def of(self, photo_ids: Iterable[PhotoId]) -> Mapping[PhotoId, int]:
        """The views of each photo that has any; raises `projections.stores.OutOfReachError` while they are unknown."""
        ...


class Search(Protocol):
    """Members and photos by what people type; both raise `commands.errors.Unavailable` while the engine is away.

    The best come first, the newest photos and the oldest members among equals. Who may see what is found is still to
    be decided, so `total` is an upper bound.
    """

    async def members(self, query: str, *, after: Ranked | None, limit: int) -> Found:
        """By username (the exact one first), first and last name."""
        ...

    async def photos(self, query: str, filters: PhotoFilters, *, after: Ranked | None, limit: int) -> Found:
        """By caption, tags, alt text, shown place and owner's name; a query of no words finds all that pass."""
        ...


@dataclass(frozen=True, slots=True)
class Reached:
    """How far the read models have come, and how far the store is ahead of them in milliseconds."""

    positions: Mapping[int, int]
    lag_ms: int


class Progress(Protocol):
    """How far read models have come; raises `projections.stores.NoLiveModelError` for one of which it can't be told."""

    async def reached(self, names: Iterable[str]) -> Reached:
        """The least of what the live versions of these read models have applied."""
        ...

    async def wait(self, names: Iterable[str], wanted: Mapping[int, int], *, timeout_s: float) -> bool:
        """Until they have applied that much; False when the time is over first."""
        ...
