"""Erasures: how far one has come, for whoever has its link."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.answers import stamp, stamp_or_none
from api.bodies import JsonRoute
from api.caching import shown
from api.documents import read
from api.identity import Viewer
from api.links import Links
from api.ports import Reads
from api.positions import Positions, asked_position, fresh
from api.shapes import erasures as shapes
from api.shapes import examples
from domain.errors import NotFound
from projections.ports import Reached

Fresh = Annotated[Reached, Depends(fresh("erasures"))]


def routes(reads: Reads, links: Links) -> APIRouter:
    """What is told of those who left."""
    router = APIRouter(route_class=JsonRoute)

    @router.get("/v1/erasures/{token}", **read("An erasure", "members", shapes.Erasure, examples.ERASURE, 404))
    async def report(request: Request, token: str, _: Viewer, at: Fresh) -> Response:
        """What was withdrawn, removed and shredded, and when, for whoever has the link."""
        if (closing := links.closing_of(token)) is None:
            raise _not_found()
        member_id, reached = closing
        row = await reads.erasures.get(member_id)
        if row is None:  # the link may be faster than the news
            positions: Positions = request.app.state.positions
            tokens = filter(None, (asked_position(request), positions.token(reached)))
            at = await positions.fresh(("erasures",), ",".join(tokens))
            row = await reads.erasures.get(member_id)
        if row is None:
            raise _not_found()
        state = "finished" if row.finished_at else "erased" if row.erased_at else "pending"
        told = {
            "state": state,
            "closed_at": stamp(row.closed_at),
            "erased_at": stamp_or_none(row.erased_at),
            "finished_at": stamp_or_none(row.finished_at),
            "withdrawn": {"likes": row.likes, "comments": row.comments, "follows": row.follows},
            "removed": {"photos": row.photos, "albums": row.albums, "shares": row.shares, "files": row.files},
            "shredded": {"keys": int(row.erased_at is not None), "at": stamp_or_none(row.erased_at)},
        }
        return shown(request, at, told, [member_id, state])

    return router


def _not_found() -> NotFound:
    return NotFound("erasure_not_found", "There is no such erasure.")
