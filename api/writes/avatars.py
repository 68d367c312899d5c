"""Avatars: choose an uploaded file as one, or be without."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers import done
from api.bodies import JsonRoute
from api.documents import command
from api.identity import Member
from api.ports import Reads
from api.positions import Covered
from api.shapes import examples
from api.shapes import members as shapes
from api.showing.members import present
from api.wiring import Writes
from api.writes.members import counts_or_none, profile_of
from commands.avatars import ChooseAvatar, RemoveAvatar
from domain.visibility import STRANGERS, MemberState


def routes(writes: Writes, reads: Reads) -> APIRouter:
    """The caller's avatar."""
    router = APIRouter(route_class=JsonRoute)

    @router.put(
        "/v1/me/avatar",
        **command("Choose an avatar", "members", 202, shapes.Member, examples.MEMBER, 404, 409, body=True),
    )
    async def choose(request: Request, caller: Member, body: shapes.AvatarChoice, covered: Covered) -> Response:
        """It is rendered in the background, square, 150 and 400 pixels; the former one stays until then."""
        receipt = await writes.choose_avatar(ChooseAvatar(caller.member_id, body.upload_id))
        state = MemberState(caller.member_id, receipt.state.private)
        counts = await counts_or_none(reads, caller.member_id)
        told = present(profile_of(receipt.state), state, STRANGERS, caller.member_id, counts, reads.files)
        return done(request, receipt.reached, covered, status=HTTPStatus.ACCEPTED, body=told.body)

    @router.delete("/v1/me/avatar", **command("Be without an avatar", "members", 204, None, None, 404))
    async def remove(request: Request, caller: Member, covered: Covered) -> Response:
        """Gone at once, its files too."""
        receipt = await writes.remove_avatar(RemoveAvatar(caller.member_id))
        return done(request, receipt.reached, covered, status=HTTPStatus.NO_CONTENT)

    return router
