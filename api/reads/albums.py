"""Albums: those of a member, one, and the photos in it."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.bodies import JsonRoute
from api.caching import shown
from api.documents import read
from api.identity import Viewer
from api.paging import Paged, body, fill
from api.ports import Now, Reads
from api.positions import fresh
from api.shapes import albums as shapes
from api.shapes import examples
from api.shapes import photos as photo_shapes
from api.showing.albums import MODELS, albums, not_found, seen
from api.showing.members import check_lists, known
from api.showing.photos import MODELS as PHOTO_MODELS
from api.showing.photos import hydrate, present
from api.showing.shown import Shown, bodies, versions
from projections.albums import AlbumEntryRow, AlbumRow
from projections.ports import Reached

Fresh = Annotated[Reached, Depends(fresh(*MODELS))]
FreshPhotos = Annotated[Reached, Depends(fresh(*PHOTO_MODELS, "albums"))]


def routes(reads: Reads, now: Now) -> APIRouter:
    """Albums."""
    router = APIRouter(route_class=JsonRoute)

    @router.get(
        "/v1/members/{username}/albums",
        **read("Albums of a member", "albums", shapes.Albums, examples.ALBUMS, 403, 404, 422),
    )
    async def of_member(request: Request, username: str, viewer: Viewer, at: Fresh, page: Paged) -> Response:
        """Newest first, those that the viewer may see."""
        owner = (await known(reads, username)).member_id
        me = viewer and viewer.member_id
        await check_lists(reads, me, owner)
        scope = ("albums", owner)

        async def fetch(key: list[Any] | None, limit: int) -> Sequence[AlbumRow]:
            return await reads.albums.of(owner, before=key[0] if key else None, limit=limit)

        async def choose(rows: Sequence[AlbumRow]) -> list[Shown | None]:
            return await albums(reads, me, owner, rows, now)

        filled = await fill(
            page.limit, page.after(*scope), fetch=fetch, key_of=lambda row: [row.album_id], choose=choose
        )
        told = body(page, filled, bodies(filled.items), *scope)
        return shown(request, at, told, (*versions(filled.items), filled.key))

    @router.get("/v1/albums/{album_id}", **read("An album", "albums", shapes.Album, examples.ALBUM, 404))
    async def album(request: Request, album_id: str, viewer: Viewer, at: Fresh) -> Response:
        """An album, with the count of the photos that the viewer may see; the first of them is its cover."""
        me = viewer and viewer.member_id
        state = await seen(reads, me, album_id)
        row = await reads.albums.get(album_id)
        found = (await albums(reads, me, state.owner_id, [row], now))[0] if row else None
        if found is None:
            raise not_found()
        return shown(request, at, found.body, [found.version])

    @router.get(
        "/v1/albums/{album_id}/photos",
        **read("Photos of an album", "albums", photo_shapes.Photos, examples.PHOTOS, 404, 422),
    )
    async def photos(request: Request, album_id: str, viewer: Viewer, at: FreshPhotos, page: Paged) -> Response:
        """In the order of the album, those that the viewer may see."""
        me = viewer and viewer.member_id
        await seen(reads, me, album_id)
        scope = ("album", album_id)

        async def fetch(key: list[Any] | None, limit: int) -> Sequence[AlbumEntryRow]:
            return await reads.albums.page(album_id, after=(key[0], key[1]) if key else None, limit=limit)

        async def choose(rows: Sequence[AlbumEntryRow]) -> list[Shown | None]:
            hydrated = await hydrate(reads, me, [row.photo_id for row in rows])
            return [present(hydrated, row.photo_id, reads, now) for row in rows]

        filled = await fill(
            page.limit, page.after(*scope), fetch=fetch, key_of=lambda row: [row.rank, row.photo_id], choose=choose
        )
        told = body(page, filled, bodies(filled.items), *scope)
        return shown(request, at, told, (*versions(filled.items), filled.key))

    return router
