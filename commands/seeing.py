"""What a caller may see, asked before a command does anything: the unseen is not found."""

from commands.deciding import Part
from commands.ports import Deps
from domain import blocks
from domain.blocks import Block
from domain.errors import NotFound
from domain.folding import fold
from domain.ids import AlbumId, MemberId, PhotoId
from domain.visibility import (
    STRANGERS,
    AlbumSight,
    AlbumState,
    MemberState,
    PhotoState,
    Sight,
    may_see_album,
    may_see_photo,
)


async def seen_photo(sight: Sight, viewer: MemberId, photo_id: PhotoId) -> PhotoState:
    """The photo, if the viewer may see it."""
    photo = (await sight.photos([photo_id])).get(photo_id)
    if photo is not None:
        owner = (await sight.members([photo.owner_id])).get(photo.owner_id, MemberState(photo.owner_id))
        relation = STRANGERS
        if viewer != photo.owner_id:
            relation = (await sight.relations(viewer, [photo.owner_id]))[photo.owner_id]
        if may_see_photo(viewer, photo, owner, relation):
            return photo
    raise NotFound("photo_not_found", "There is no such photo.")


async def seen_album(shown: AlbumSight, sight: Sight, viewer: MemberId | None, album_id: AlbumId) -> AlbumState:
    """The album, if the viewer may see it."""
    album = (await shown.albums([album_id])).get(album_id)
    if album is not None:
        owner = (await sight.members([album.owner_id])).get(album.owner_id, MemberState(album.owner_id))
        relation = STRANGERS
        if viewer is not None and viewer != album.owner_id:
            relation = (await sight.relations(viewer, [album.owner_id]))[album.owner_id]
        if may_see_album(viewer, album, owner, relation):
            return album
    raise NotFound("album_not_found", "There is no such album.")


def block_part(blocker_id: MemberId, blocked_id: MemberId) -> Part[Block]:
    """A block as part of a decision."""
    return Part(blocks.stream(blocker_id, blocked_id), blocks.evolve, blocks.NONE)


async def check_apart_by_neither(deps: Deps, one: MemberId, other: MemberId) -> None:
    """Refuse where either blocks the other; by the record itself, so however far anything else has come."""
    if any(await _blocks_between(deps, one, other)):
        raise _nobody()


async def check_not_hidden(deps: Deps, viewer: MemberId, other: MemberId) -> None:
    """Refuse where the other blocks the viewer, who doesn't block back and so sees nothing of them."""
    blocking, blocked_by = await _blocks_between(deps, viewer, other)
    if blocked_by and not blocking:
        raise _nobody()


async def _blocks_between(deps: Deps, one: MemberId, other: MemberId) -> tuple[bool, bool]:
    out, back = block_part(one, other), block_part(other, one)
    loaded = await deps.store.load(out.stream, back.stream)
    first, second = (fold(out.evolve, out.start, (fact.event for fact in stored.events)) for stored in loaded)
    return first.standing, second.standing


def _nobody() -> NotFound:
    return NotFound("member_not_found", "There is no such member.")
