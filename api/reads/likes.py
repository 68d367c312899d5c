"""Likes: who likes a photo."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.bodies import JsonRoute
from api.documents import read
from api.identity import Viewer
from api.paging import Paged
from api.ports import Reads
from api.positions import fresh
from api.reads.lists import listed
from api.shapes import examples
from api.shapes import members as shapes
from api.showing.photos import seen
from projections.ports import Reached

Fresh = Annotated[Reached, Depends(fresh("visibility", "profiles", "likes"))]


def routes(reads: Reads) -> APIRouter:
    """Who likes a photo."""
    router = APIRouter(route_class=JsonRoute)

    @router.get(
        "/v1/photos/{photo_id}/likes",
        **read("Who likes a photo", "likes", shapes.MemberCards, examples.CARDS, 404, 422),
    )
    async def likes(request: Request, photo_id: str, viewer: Viewer, at: Fresh, page: Paged) -> Response:
        """Newest first, for anyone who sees the photo."""
        me = viewer and viewer.member_id
        await seen(reads, me, photo_id)
        return await listed(
            request,
            at,
            reads,
            me,
            page,
            "likes",
            photo_id,
            fetch=lambda before, limit: reads.likes.page(photo_id, before=before, limit=limit),
            who=lambda row: row.member_id,
        )

    return router
