"""Views: how often photos are looked at; they are counted, and never recorded as events."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers import done
from api.bodies import JsonRoute
from api.documents import command
from api.identity import Member
from api.ports import Reads
from api.positions import Covered
from api.shapes import views as shapes
from api.showing.sighted import sees, sighted
from domain.ids import is_id


def routes(reads: Reads) -> APIRouter:
    """Views."""
    router = APIRouter(route_class=JsonRoute)

    @router.post(
        "/v1/views",
        **command("Count views of photos", "photos", HTTPStatus.ACCEPTED, None, {}, body=True),
    )
    async def view(request: Request, said: shapes.Views, caller: Member, covered: Covered) -> Response:
        """Those that the caller may see count, each once a call; the others are passed over in silence."""
        asked = [photo for photo in dict.fromkeys(said.photo_ids) if is_id(photo)]
        known = await sighted(reads, caller.member_id, asked)
        await reads.views.add([photo for photo in asked if sees(known, photo)])
        return done(request, {}, covered, status=HTTPStatus.ACCEPTED, body={})

    return router
