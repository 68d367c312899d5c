"""Albums, as a viewer sees them: how many of the photos they may see, and the first of these as the cover."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from api.answers import stamp
from api.ports import Now, Reads
from api.showing.images import SIGNED_FOR, image
from api.showing.members import cards, standing
from api.showing.shown import Shown
from domain.errors import NotFound
from domain.ids import AlbumId, MemberId, PhotoId, is_id
from domain.visibility import (
    AlbumState,
    MemberState,
    PhotoState,
    Relation,
    Status,
    is_public,
    may_see_album,
    may_see_photo,
)
from projections.albums import AlbumRow

MODELS: Final = ("visibility", "albums", "photos", "profiles")
"""The read models that a shown album is made from."""
_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Content:
    """What a viewer may see of an album's photos: how many, and the picture of the first."""

    count: int
    cover: dict[str, Any] | None
    version: tuple[Any, ...]


EMPTY: Final = Content(0, None, ())


async def seen(reads: Reads, viewer: MemberId | None, album_id: AlbumId) -> AlbumState:
    """The album, if the viewer may see it; 404 if not."""
    if is_id(album_id):
        state = (await reads.albums.albums([album_id])).get(album_id)
        if state is not None:
            owner, relation = await standing(reads, viewer, state.owner_id)
            if may_see_album(viewer, state, owner, relation):
                return state
    raise not_found()


def not_found() -> NotFound:
    """What is told of an album that is not there, or not for the viewer."""
    return NotFound("album_not_found", "There is no such album.")


async def albums(
    reads: Reads, viewer: MemberId | None, owner_id: MemberId, rows: Sequence[AlbumRow], now: Now
) -> list[Shown | None]:
    """Albums of one owner; None for each that the viewer may not see."""
    states, (owner, relation), (by,) = await asyncio.gather(
        reads.albums.albums([row.album_id for row in rows]),
        standing(reads, viewer, owner_id),
        cards(reads, viewer, [owner_id]),
    )

    async def one(row: AlbumRow) -> Shown | None:
        state = states.get(row.album_id)
        if state is None or not may_see_album(viewer, state, owner, relation):
            return None
        return present(row, state.audience, by, await content(reads, viewer, row.album_id, owner, relation, now))

    return list(await asyncio.gather(*map(one, rows)))


async def content(
    reads: Reads, viewer: MemberId | None, album_id: AlbumId, owner: MemberState, relation: Relation, now: Now
) -> Content:
    """What the viewer may see of the photos in an album."""
    visible = [state for state in await _states(reads, album_id) if may_see_photo(viewer, state, owner, relation)]
    first = next((state for state in visible if state.status == Status.READY), None)
    if first is None:
        return Content(len(visible), None, (len(visible),))
    row = (await reads.photos.by_ids([first.photo_id])).get(first.photo_id)
    if row is None or row.rendition is None:
        return Content(len(visible), None, (len(visible),))
    until = None if is_public(first, owner) else reads.files.expiry(now() + SIGNED_FOR)
    cover = image(row.rendition, reads.files, until=until)
    return Content(len(visible), cover, (len(visible), first.photo_id, row.changed_at, until))


def present(row: AlbumRow, audience: str, owner: Shown, held: Content) -> Shown:
    """An album from all that is known."""
    body = {
        "album_id": row.album_id,
        "owner": owner.body,
        "title": row.title,
        "description": row.description,
        "audience": audience,
        "cover": held.cover,
        "counts": {"photos": held.count},
        "created_at": stamp(row.created_at),
    }
    return Shown(body, (row.album_id, row.title, row.description, audience, owner.version, held.version))


async def _states(reads: Reads, album_id: AlbumId) -> list[PhotoState]:
    """The states of all photos in an album, in its order."""
    photo_ids: list[PhotoId] = []
    after: tuple[str, PhotoId] | None = None
    while rows := await reads.albums.page(album_id, after=after, limit=_PAGE):
        photo_ids += [row.photo_id for row in rows]
        if len(rows) < _PAGE:
            break
        after = (rows[-1].rank, rows[-1].photo_id)
    known = await reads.sight.photos(photo_ids) if photo_ids else {}
    return [known[photo_id] for photo_id in photo_ids if photo_id in known]
