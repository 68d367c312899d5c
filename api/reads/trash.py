"""Trash: what the caller deleted and may still restore."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.bodies import JsonRoute
from api.caching import shown
from api.documents import read
from api.identity import Member
from api.paging import Paged, body, fill
from api.ports import Now, Reads
from api.positions import fresh
from api.shapes import examples
from api.shapes import photos as shapes
from api.showing.photos import MODELS
from api.showing.shown import Shown, bodies, versions
from api.showing.trash import trashed
from projections.ports import Reached, Since
from projections.trash import TrashedPhotoRow

Fresh = Annotated[Reached, Depends(fresh(*MODELS, "trash"))]


def routes(reads: Reads, now: Now) -> APIRouter:
    """The caller's trash."""
    router = APIRouter(route_class=JsonRoute)

    @router.get("/v1/me/trash", **read("My trash", "photos", shapes.TrashedPhotos, examples.TRASH, 422))
    async def trash(request: Request, caller: Member, at: Fresh, page: Paged) -> Response:
        """What I deleted in the last 30 days, the last deleted first; each can be restored."""
        me = caller.member_id
        scope = ("trash", me)

        async def fetch(key: list[Any] | None, limit: int) -> Sequence[TrashedPhotoRow]:
            before = None if key is None else Since(datetime.fromisoformat(key[0]), key[1])
            return await reads.trash.page(me, before=before, limit=limit)

        async def choose(rows: Sequence[TrashedPhotoRow]) -> list[Shown | None]:
            return await trashed(reads, me, rows, now)

        def key_of(row: TrashedPhotoRow) -> list[Any]:
            return [row.since.isoformat(), row.photo_id]

        filled = await fill(page.limit, page.after(*scope), fetch=fetch, key_of=key_of, choose=choose)
        told = body(page, filled, bodies(filled.items), *scope)
        return shown(request, at, told, (*versions(filled.items), filled.key))

    return router
