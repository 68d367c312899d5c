"""Follows: followers, followed members, and those who ask to follow."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.bodies import JsonRoute
from api.documents import read
from api.identity import Member, Viewer
from api.paging import Paged
from api.ports import Reads
from api.positions import fresh
from api.reads.lists import listed
from api.shapes import examples
from api.shapes import members as shapes
from api.showing.members import check_lists, known
from projections.ports import Reached

Fresh = Annotated[Reached, Depends(fresh("visibility", "profiles", "follows"))]


def routes(reads: Reads) -> APIRouter:
    """Lists of members."""
    router = APIRouter(route_class=JsonRoute)

    @router.get(
        "/v1/members/{username}/followers",
        **read("Who follows a member", "follows", shapes.MemberCards, examples.CARDS, 403, 404, 422),
    )
    async def followers(request: Request, username: str, viewer: Viewer, at: Fresh, page: Paged) -> Response:
        """Newest first."""
        me, owner = viewer and viewer.member_id, (await known(reads, username)).member_id
        await check_lists(reads, me, owner)
        return await listed(
            request,
            at,
            reads,
            me,
            page,
            "followers",
            owner,
            fetch=lambda before, limit: reads.follows.followers(owner, before=before, limit=limit),
            who=lambda row: row.follower_id,
        )

    @router.get(
        "/v1/members/{username}/following",
        **read("Whom a member follows", "follows", shapes.MemberCards, examples.CARDS, 403, 404, 422),
    )
    async def following(request: Request, username: str, viewer: Viewer, at: Fresh, page: Paged) -> Response:
        """Newest first."""
        me, owner = viewer and viewer.member_id, (await known(reads, username)).member_id
        await check_lists(reads, me, owner)
        return await listed(
            request,
            at,
            reads,
            me,
            page,
            "following",
            owner,
            fetch=lambda before, limit: reads.follows.following(owner, before=before, limit=limit),
            who=lambda row: row.followed_id,
        )

    @router.get(
        "/v1/me/follow-requests",
        **read("Who asks to follow me", "follows", shapes.MemberCards, examples.CARDS, 422),
    )
    async def requests(request: Request, caller: Member, at: Fresh, page: Paged) -> Response:
        """Newest first."""
        mine = caller.member_id
        return await listed(
            request,
            at,
            reads,
            mine,
            page,
            "follow-requests",
            mine,
            fetch=lambda before, limit: reads.follows.requests(mine, before=before, limit=limit),
            who=lambda row: row.follower_id,
        )

    return router
