"""What a caller may see, asked before a command does anything: the unseen is not found."""

from domain.errors import NotFound
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
