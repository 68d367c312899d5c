"""Photos: change what is said of them and who may see them, and delete them."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers import PENDING, done, taken_away
from api.bodies import JsonRoute
from api.documents import command
from api.identity import Member
from api.ports import Now, Reads
from api.positions import Covered
from api.shapes import examples
from api.shapes import photos as shapes
from api.showing.photos import hydrate
from api.standby import AWAY
from api.wiring import Writes
from api.writes.likes import checked
from api.writes.standing import stood
from commands.photos import ChangePhoto, RemovePhoto
from domain.events import PhotoDescribed
from domain.photos import Words
from domain.visibility import Audience


def routes(writes: Writes, reads: Reads, now: Now) -> APIRouter:
    """What owners do with their photos."""
    router = APIRouter(route_class=JsonRoute)

    @router.patch(
        "/v1/photos/{photo_id}",
        **command(
            "Change a photo", "photos", 200, shapes.Photo, examples.PHOTO, 403, 404, 409, body=True, pending=True
        ),
    )
    async def change(
        request: Request, photo_id: str, caller: Member, body: shapes.PhotoChange, covered: Covered
    ) -> Response:
        """What is left out stays; a narrower audience holds from the next read on."""
        words = Words(body.caption, body.alt_text, None if body.tags is None else tuple(body.tags), body.show_location)
        audience = None if body.audience is None else Audience(body.audience)
        receipt = await writes.change_photo(ChangePhoto(caller.member_id, checked(photo_id), words, audience))
        if receipt.pending:
            return done(request, receipt.reached, covered, status=HTTPStatus.ACCEPTED, body=PENDING)
        described = next((fact.event.at for fact in receipt.recorded if isinstance(fact.event, PhotoDescribed)), None)
        try:
            known = await hydrate(reads, caller.member_id, [photo_id])
        except AWAY:  # it is recorded, and can't be shown yet
            return done(request, receipt.reached, covered, status=HTTPStatus.ACCEPTED, body=PENDING)
        return done(request, receipt.reached, covered, body=stood(known, receipt.state, described, reads, now))

    @router.delete(
        "/v1/photos/{photo_id}",
        **command("Delete a photo", "photos", 204, None, None, 403, 404, 409, pending=True),
    )
    async def remove(request: Request, photo_id: str, caller: Member, covered: Covered) -> Response:
        """Into the trash, gone from every read; for 30 days it can be restored."""
        receipt = await writes.remove_photo(RemovePhoto(caller.member_id, checked(photo_id)))
        return taken_away(request, receipt.reached, covered, pending=receipt.pending)

    return router
