"""Closing: leave for good."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers import done
from api.bodies import JsonRoute
from api.documents import command
from api.identity import Member
from api.links import Links
from api.positions import Covered
from api.shapes import erasures as shapes
from api.shapes import examples
from api.wiring import Writes
from commands.closing import CloseAccount


def routes(writes: Writes, links: Links) -> APIRouter:
    """Leaving."""
    router = APIRouter(route_class=JsonRoute)

    @router.delete(
        "/v1/me",
        **command("Leave for good", "members", 202, shapes.Closed, examples.CLOSED, 403, 404, 409, body=True),
    )
    async def close(request: Request, caller: Member, body: shapes.Closing, covered: Covered) -> Response:
        """Nobody sees the account from then on, and it is erased; the link tells how far that is."""
        receipt = await writes.close_account(CloseAccount(caller.member_id, body.password))
        told = {"report_url": links.erasure(caller.member_id, receipt.reached)}
        return done(request, receipt.reached, covered, status=HTTPStatus.ACCEPTED, body=told)

    return router
