"""Comments: what was written under a photo."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.bodies import JsonRoute
from api.caching import shown
from api.documents import read
from api.identity import Viewer
from api.paging import Paged, body, fill
from api.ports import Reads
from api.positions import fresh
from api.shapes import comments as shapes
from api.shapes import examples
from api.showing.comments import comments
from api.showing.photos import seen
from api.showing.shown import Shown, bodies, versions
from projections.comments import CommentRow
from projections.ports import Reached

Fresh = Annotated[Reached, Depends(fresh("visibility", "profiles", "comments"))]


def routes(reads: Reads) -> APIRouter:
    """What was written under a photo."""
    router = APIRouter(route_class=JsonRoute)

    @router.get(
        "/v1/photos/{photo_id}/comments",
        **read("Comments of a photo", "comments", shapes.Comments, examples.COMMENTS, 404, 422),
    )
    async def of_photo(request: Request, photo_id: str, viewer: Viewer, at: Fresh, page: Paged) -> Response:
        """Oldest first, for anyone who sees the photo."""
        me = viewer and viewer.member_id
        await seen(reads, me, photo_id)
        scope = ("comments", photo_id)

        async def fetch(key: list[Any] | None, limit: int) -> Sequence[CommentRow]:
            return await reads.comments.page(photo_id, after=key[0] if key else None, limit=limit)

        async def choose(rows: Sequence[CommentRow]) -> Sequence[Shown | None]:
            return await comments(reads, me, rows)

        filled = await fill(
            page.limit, page.after(*scope), fetch=fetch, key_of=lambda row: [row.comment_id], choose=choose
        )
        told = body(page, filled, bodies(filled.items), *scope)
        return shown(request, at, told, (*versions(filled.items), filled.key))

    return router
