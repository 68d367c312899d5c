"""Likes: like a photo, and take it back."""

from dataclasses import dataclass
from functools import partial

from commands.deciding import Part, Receipt, decide
from commands.ports import Deps
from commands.seeing import seen_photo
from domain import likes
from domain.ids import MemberId, PhotoId
from domain.likes import Like
from domain.visibility import Sight


@dataclass(frozen=True, slots=True)
class LikePhoto:
    """Like a photo."""

    photo_id: PhotoId
    member_id: MemberId


@dataclass(frozen=True, slots=True)
class UnlikePhoto:
    """Take a like back."""

    photo_id: PhotoId
    member_id: MemberId


async def like_photo(command: LikePhoto, *, deps: Deps, sight: Sight) -> Receipt[Like]:
    """Like a photo that one may see."""
    photo = await seen_photo(sight, command.member_id, command.photo_id)
    choose = partial(likes.give, photo=photo.photo_id, owner=photo.owner_id, member=command.member_id, at=deps.now())
    return await decide(deps, _part(command), choose)


async def unlike_photo(command: UnlikePhoto, *, deps: Deps, sight: Sight) -> Receipt[Like]:
    """Take a like back from a photo that one may see."""
    photo = await seen_photo(sight, command.member_id, command.photo_id)
    choose = partial(
        likes.withdraw, photo=photo.photo_id, owner=photo.owner_id, member=command.member_id, at=deps.now()
    )
    return await decide(deps, _part(command), choose)


def _part(command: LikePhoto | UnlikePhoto) -> Part[Like]:
    return Part(likes.stream(command.photo_id, command.member_id), likes.evolve, likes.NONE)
