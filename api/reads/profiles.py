"""Members: one's own profile and others'."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.bodies import JsonRoute
from api.caching import shown
from api.documents import read
from api.identity import Member, Viewer
from api.ports import Reads
from api.positions import fresh
from api.shapes import examples
from api.shapes import members as shapes
from api.showing.members import known, member
from domain.errors import NotFound
from projections.ports import Reached

Fresh = Annotated[Reached, Depends(fresh("visibility", "profiles", "counters"))]


def routes(reads: Reads) -> APIRouter:
    """Profiles."""
    router = APIRouter(route_class=JsonRoute)

    @router.get("/v1/me", **read("My profile", "members", shapes.Member, examples.MEMBER, 404))
    async def me(request: Request, caller: Member, at: Fresh) -> Response:
        """The caller, as they see themselves."""
        profile = (await reads.profiles.by_ids([caller.member_id])).get(caller.member_id)
        if profile is None:
            raise NotFound("member_not_found", "There is no such member.")
        mine = await member(reads, profile, caller.member_id)
        return shown(request, at, mine.body, [mine.version])

    @router.get("/v1/members/{username}", **read("A member", "members", shapes.Member, examples.MEMBER, 404))
    async def profile(request: Request, username: str, viewer: Viewer, at: Fresh) -> Response:
        """A member, with the counts of what the viewer may see."""
        found = await member(reads, await known(reads, username), viewer and viewer.member_id)
        return shown(request, at, found.body, [found.version])

    return router
