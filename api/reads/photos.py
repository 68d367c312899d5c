"""Photos: one, and those of a member."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response
from starlette.types import Scope

from api.documents import read
from api.identity import Viewer
from api.paging import Paged, fill
from api.ports import Reads
from api.positions import fresh
from api.shapes import examples
from api.shapes import photos as shapes
from api.shortcut import Asks, HotRoute, Told, hot, paged, told
from api.showing.members import check_lists, known
from api.showing.photos import MODELS, hydrate, not_found
from api.showing.prints import Print, Prints
from domain.ids import MemberId, PhotoId, is_id
from projections.ports import Reached

Fresh = Annotated[Reached, Depends(fresh(*MODELS))]
_LISTED: Final = (*MODELS, "authors")
FreshList = Annotated[Reached, Depends(fresh(*_LISTED))]


def routes(reads: Reads, prints: Prints) -> APIRouter:
    """Photos."""
    router = APIRouter(route_class=HotRoute)

    async def answer(scope: Scope, asked: Asks, at: Reached, me: MemberId | None, photo_id: str) -> Told:
        if not is_id(photo_id):
            raise not_found()
        found = prints.of(await hydrate(reads, me, [photo_id]), photo_id)
        if found is None:
            raise not_found()
        return told(scope, asked, (MODELS, at), (found.body, found.tail), (found.version,))

    @router.get("/v1/photos/{photo_id}", **read("A photo", "photos", shapes.Photo, examples.PHOTO, 404))
    async def photo(request: Request, photo_id: str, viewer: Viewer, at: Fresh) -> Response:
        """A photo; while it is processed, only its owner sees it."""
        me = viewer and viewer.member_id
        return (await answer(request.scope, Asks(request.scope), at, me, photo_id)).response()

    @hot(router)
    async def quickly(scope: Scope, asked: Asks) -> Told:
        viewer = await asked.viewer()
        at = await asked.fresh(MODELS)
        return await answer(scope, asked, at, viewer and viewer.member_id, scope["path_params"]["photo_id"])

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

        async def choose(photo_ids: Sequence[PhotoId]) -> list[Print | None]:
            hydrated = await hydrate(reads, me, photo_ids)
            return [prints.of(hydrated, photo_id) for photo_id in photo_ids]

        filled = await fill(
            page.limit, page.after(*scope), fetch=fetch, key_of=lambda photo_id: [photo_id], choose=choose
        )
        return paged(request.scope, Asks(request.scope), (_LISTED, at), page, filled, *scope).response()

    return router
