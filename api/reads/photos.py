"""Photos: one, and those of a member."""

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
from api.shapes import examples
from api.shapes import photos as shapes
from api.showing.members import check_lists, known
from api.showing.photos import MODELS, hydrate, not_found, present
from api.showing.shown import Shown, bodies, versions
from domain.ids import PhotoId, is_id
from projections.ports import Reached

Fresh = Annotated[Reached, Depends(fresh(*MODELS))]
FreshList = Annotated[Reached, Depends(fresh(*MODELS, "authors"))]


def routes(reads: Reads, now: Now) -> APIRouter:
    """Photos."""
    router = APIRouter(route_class=JsonRoute)

    @router.get("/v1/photos/{photo_id}", **read("A photo", "photos", shapes.Photo, examples.PHOTO, 404))
    async def photo(request: Request, photo_id: str, viewer: Viewer, at: Fresh) -> Response:
        """A photo; while it is processed, only its owner sees it."""
        if not is_id(photo_id):
            raise not_found()
        found = present(await hydrate(reads, viewer and viewer.member_id, [photo_id]), photo_id, reads, now)
        if found is None:
            raise not_found()
        return shown(request, at, found.body, [found.version])

    @router.get(
        "/v1/members/{username}/photos",
        **read("Photos of a member", "photos", shapes.Photos, examples.PHOTOS, 403, 404, 422),
    )
    async def of_member(request: Request, username: str, viewer: Viewer, at: FreshList, page: Paged) -> Response:
        """Newest first, those that the viewer may see."""
        owner = (await known(reads, username)).member_id
        me = viewer and viewer.member_id
        await check_lists(reads, me, owner)
        scope = ("photos", owner)

        async def fetch(key: list[Any] | None, limit: int) -> Sequence[PhotoId]:
            return await reads.authors.page(owner, before=key[0] if key else None, limit=limit)

        async def choose(photo_ids: Sequence[PhotoId]) -> list[Shown | None]:
            hydrated = await hydrate(reads, me, photo_ids)
            return [present(hydrated, photo_id, reads, now) for photo_id in photo_ids]

        filled = await fill(
            page.limit, page.after(*scope), fetch=fetch, key_of=lambda photo_id: [photo_id], choose=choose
        )
        told = body(page, filled, bodies(filled.items), *scope)
        return shown(request, at, told, (*versions(filled.items), filled.key))

    return router
