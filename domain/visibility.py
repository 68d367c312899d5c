"""The one rule of who may see what, used by every read and by every command."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from domain.ids import MemberId, PhotoId


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
    """What the rule needs to know of a photo."""

    photo_id: PhotoId
    owner_id: MemberId
    status: str
    audience: str
    removed: bool = False


@dataclass(frozen=True, slots=True)
class MemberState:
    """What the rule needs to know of a member."""

    member_id: MemberId
    private: bool = False


@dataclass(frozen=True, slots=True)
class Relation:
    """How a viewer stands to another member."""

    following: bool = False
    followed_by: bool = False
    requested: bool = False


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


def may_see_lists(viewer: MemberId | None, owner: MemberState, relation: Relation) -> bool:
    """Whether the viewer may see what a member shows: photos and lists of a private account are for its followers."""
    return viewer == owner.member_id or not owner.private or relation.following


def may_see_photo(viewer: MemberId | None, photo: PhotoState, owner: MemberState, relation: Relation) -> bool:
    """Whether the viewer may see a photo; `relation` is the viewer's to the owner."""
    if photo.removed:
        return False
    if viewer == photo.owner_id:
        return True
    if photo.status != Status.READY or not may_see_lists(viewer, owner, relation):
        return False
    match photo.audience:
        case Audience.PUBLIC:
            return True
        case Audience.FRIENDS:
            return relation.following and relation.followed_by
        case _:
            return False


def is_public(photo: PhotoState, owner: MemberState) -> bool:
    """Whether anyone at all may see a photo: its files may then be cached by anyone for ever."""
    return may_see_photo(None, photo, owner, STRANGERS)
