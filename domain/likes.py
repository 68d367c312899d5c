"""Likes: one small stream for each photo and member, so that no photo is ever a hot stream."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.events import Event, PhotoLiked, PhotoUnliked
from domain.homes import Stream, slot_of_reactions
from domain.ids import MemberId, PhotoId


@dataclass(frozen=True, slots=True)
class Like:
    """Whether a member likes a photo now."""

    given: bool = False


NONE: Final = Like()


def stream(photo_id: PhotoId, member_id: MemberId) -> Stream:
    """Where a member's like of a photo is recorded: with the photo's reactions."""
    return Stream(f"like-{photo_id}-{member_id}", slot_of_reactions(photo_id))


def evolve(like: Like, event: Event) -> Like:
    """What one event changes."""
    match event:
        case PhotoLiked():
            return Like(given=True)
        case PhotoUnliked():
            return NONE
        case _:
            return like


def give(like: Like, *, photo: PhotoId, owner: MemberId, member: MemberId, at: datetime) -> list[Event]:
    """Liking twice changes nothing, so it records nothing."""
    return [] if like.given else [PhotoLiked(at=at, photo_id=photo, owner_id=owner, member_id=member)]


def withdraw(like: Like, *, photo: PhotoId, owner: MemberId, member: MemberId, at: datetime) -> list[Event]:
    """Take a like back, if there is one."""
    return [PhotoUnliked(at=at, photo_id=photo, owner_id=owner, member_id=member)] if like.given else []
