"""Duplicates: decide which photos of a group stay."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers import taken_away
from api.bodies import JsonRoute
from api.documents import command
from api.identity import Member
from api.ports import Limits, Reads
from api.positions import Covered
from api.shapes import duplicates as shapes
from api.wiring import Writes
from commands.duplicates import DecideDuplicates
from domain.errors import NotFound
from domain.ids import is_id


def routes(writes: Writes, reads: Reads, limits: Limits) -> APIRouter:
    """Decisions about groups."""
    router = APIRouter(route_class=JsonRoute)

    @router.put(
        "/v1/me/duplicates/{group_id}",
        **command("Decide about duplicates", "photos", 204, None, None, 404, 409, body=True, pending=True),
    )
    async def decide(
        request: Request, group_id: str, caller: Member, body: shapes.DuplicateDecision, covered: Covered
    ) -> Response:
        """What is not kept goes into the trash; the group is not shown again unless it grows."""
        await reads.progress.wait(["duplicates"], covered, timeout_s=limits.catch_up_s)
        photos = await reads.duplicates.group(caller.member_id, group_id) if is_id(group_id) else ()
        if not photos:
            raise NotFound("group_not_found", "There is no such group.")
        asked = DecideDuplicates(caller.member_id, group_id, tuple(photos), tuple(dict.fromkeys(body.keep)))
        receipt = await writes.decide_duplicates(asked)
        return taken_away(request, receipt.reached, covered, pending=receipt.pending)

    return router
