"""Mutes: whom the caller mutes."""

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

Fresh = Annotated[Reached, Depends(fresh("visibility", "profiles", "mutes"))]


def routes(reads: Reads) -> APIRouter:
    """Whom the caller mutes."""
    router = APIRouter(route_class=JsonRoute)

    @router.get(
        "/v1/me/mutes",
        **read("Whom I mute", "follows", shapes.MemberCards, examples.CARDS, 422),
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
            "mutes",
            mine,
            fetch=lambda before, limit: reads.mutes.page(mine, before=before, limit=limit),
            who=lambda row: row.muted_id,
            seen=may_see_profile,
        )

    return router
