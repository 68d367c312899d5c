"""What a caller may see, asked before a command does anything: the unseen is not found."""

from domain.errors import NotFound
from domain.ids import MemberId, PhotoId
from domain.visibility import STRANGERS, MemberState, PhotoState, Sight, may_see_photo


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
