"""The one rule of who may see what, used by every read and by every command."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from domain.ids import AlbumId, CommentId, MemberId, PhotoId


class Audience(StrEnum):
    """For whom a photo is meant; friends are mutual followers."""

    PUBLIC = "public"
    FRIENDS = "friends"
    PRIVATE = "private"


class Status(StrEnum):
    """How far a photo has come."""

    PROCESSING = "processing"
    READY = "ready"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class PhotoState:
    """What the rule needs to know of a photo: `removed` by its owner, `taken_down` by a moderator."""

    photo_id: PhotoId
    owner_id: MemberId
    status: str
    audience: str
    removed: bool = False
    taken_down: bool = False


@dataclass(frozen=True, slots=True)
class AlbumState:
    """What the rule needs to know of an album."""

    album_id: AlbumId
    owner_id: MemberId
    audience: str
    removed: bool = False


@dataclass(frozen=True, slots=True)
class MemberState:
    """What the rule needs to know of a member: `closed` by themselves (erased or about to be), or `taken_down`."""

    member_id: MemberId
    private: bool = False
    closed: bool = False
    taken_down: bool = False

    @property
    def gone(self) -> bool:
        """Whether nobody sees them any more."""
        return self.closed or self.taken_down


@dataclass(frozen=True, slots=True)
class Relation:
    """How a viewer stands to another member."""

    following: bool = False
    followed_by: bool = False
    requested: bool = False
    blocking: bool = False
    blocked_by: bool = False
    muted: bool = False

    @property
    def apart(self) -> bool:
        """Whether either blocks the other."""
        return self.blocking or self.blocked_by

    @property
    def friends(self) -> bool:
        """Whether both follow each other."""
        return self.following and self.followed_by


STRANGERS: Final = Relation()


class Sight(Protocol):
    """The rows that the visibility rule reads, as fresh as the last command."""

    async def photos(self, photo_ids: Iterable[PhotoId]) -> Mapping[PhotoId, PhotoState]:
        """What is known of each photo; unknown ones are left out."""
        ...

    async def members(self, member_ids: Iterable[MemberId]) -> Mapping[MemberId, MemberState]:
        """What is known of each member; unknown ones are left out."""
        ...

    async def relations(self, viewer: MemberId, others: Iterable[MemberId]) -> Mapping[MemberId, Relation]:
        """How the viewer stands to each of the others; every one asked for is in the answer."""
        ...

    async def gone_comments(self, comment_ids: Iterable[CommentId]) -> frozenset[CommentId]:
        """Which of the comments were deleted or taken down: nobody sees them, whatever lists still hold."""
        ...


class AlbumSight(Protocol):
    """The rows that the rule for albums reads, as fresh as the last command."""

    async def albums(self, album_ids: Iterable[AlbumId]) -> Mapping[AlbumId, AlbumState]:
        """What is known of each album; unknown ones are left out."""
        ...


def may_see_member(viewer: MemberId | None, other: MemberState, relation: Relation) -> bool:
    """Whether a member stands in lists with their name, and their photos, lists and words may be seen at all."""
    return not other.gone and (viewer == other.member_id or not relation.apart)


def may_see_profile(viewer: MemberId | None, other: MemberState, relation: Relation) -> bool:
    """Whether the viewer may see who a member is: whoever blocks someone still does, to be able to unblock them."""
    return may_see_member(viewer, other, relation) or (not other.gone and relation.blocking)


def may_see_lists(viewer: MemberId | None, owner: MemberState, relation: Relation) -> bool:
    """Whether the viewer may see what a member shows: photos and lists of a private account are for its followers."""
    if not may_see_member(viewer, owner, relation):
        return False
    return viewer == owner.member_id or not owner.private or relation.following


def may_see_photo(viewer: MemberId | None, photo: PhotoState, owner: MemberState, relation: Relation) -> bool:
    """Whether the viewer may see a photo; `relation` is the viewer's to the owner."""
    if photo.removed or photo.taken_down or owner.gone:
        return False
    if viewer == photo.owner_id:
        return True
    if photo.status != Status.READY or not may_see_lists(viewer, owner, relation):
        return False
    match photo.audience:
        case Audience.PUBLIC:
            return True
        case Audience.FRIENDS:
            return relation.friends
        case _:
            return False


def belongs_in_feed(viewer: MemberId, photo: PhotoState, relation: Relation) -> bool:
    """Whether a photo that the viewer may see stands in their home feed: it is theirs, or of someone they follow."""
    return viewer == photo.owner_id or (relation.following and not relation.muted)


def may_see_album(viewer: MemberId | None, album: AlbumState, owner: MemberState, relation: Relation) -> bool:
    """Whether the viewer may see an album, as they might a photo for the same people; what is in it is asked apart."""
    as_photo = PhotoState(album.album_id, album.owner_id, Status.READY, album.audience, album.removed)
    return may_see_photo(viewer, as_photo, owner, relation)


def is_public(photo: PhotoState, owner: MemberState) -> bool:
    """Whether anyone at all may see a photo: its files may then be cached by anyone for ever."""
    return may_see_photo(None, photo, owner, STRANGERS)
