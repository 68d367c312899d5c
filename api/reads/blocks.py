"""Blocks: whom the caller blocks."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.bodies import JsonRoute
from api.documents import read
from api.identity import Member
from api.paging import Paged
from api.ports import Reads
from api.positions import fresh
from api.reads.lists import listed
from api.shapes import examples
from api.shapes import members as shapes
from domain.visibility import may_see_profile
from projections.ports import Reached

Fresh = Annotated[Reached, Depends(fresh("visibility", "profiles", "blocks"))]


def routes(reads: Reads) -> APIRouter:
    """Whom the caller blocks."""
    router = APIRouter(route_class=JsonRoute)

    @router.get(
        "/v1/me/blocks",
        **read("Whom I block", "follows", shapes.MemberCards, examples.CARDS, 422),
    )
    async def of_mine(request: Request, caller: Member, at: Fresh, page: Paged) -> Response:
        """Newest first, by name, so that it can be taken back."""
        mine = caller.member_id
        return await listed(
            request,
            at,
            reads,
            mine,
            page,
            "blocks",
            mine,
            fetch=lambda before, limit: reads.blocks.page(mine, before=before, limit=limit),
            who=lambda row: row.blocked_id,
            seen=may_see_profile,
        )

    return router
