"""Edits: a photo cut, turned or toned; the original stays untouched."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers import PENDING, done
from api.bodies import JsonRoute
from api.documents import command
from api.identity import Member
from api.ports import Now, Reads
from api.positions import Covered
from api.shapes import edits as shapes
from api.shapes import examples
from api.shapes.photos import Photo
from api.showing.photos import hydrate
from api.standby import AWAY
from api.wiring import Writes
from api.writes.likes import checked
from api.writes.standing import stood
from commands.photos import EditPhoto
from domain.images import Crop, Edits


def routes(writes: Writes, reads: Reads, now: Now) -> APIRouter:
    """Edits of the caller's photos."""
    router = APIRouter(route_class=JsonRoute)

    @router.put(
        "/v1/photos/{photo_id}/edits",
        **command("Edit a photo", "photos", 202, Photo, examples.PHOTO, 403, 404, 409, body=True),
    )
    async def edit(
        request: Request, photo_id: str, caller: Member, body: shapes.PhotoEdits, covered: Covered
    ) -> Response:
        """All edits at once, of the upright original; none at all shows it as it was. Rendered in the background."""
        crop = None if body.crop is None else Crop(body.crop.x, body.crop.y, body.crop.width, body.crop.height)
        edits = Edits(crop, body.rotate or 0, body.filter)
        receipt = await writes.edit_photo(EditPhoto(caller.member_id, checked(photo_id), edits))
        try:
            known = await hydrate(reads, caller.member_id, [photo_id])
        except AWAY:  # it is recorded, and can't be shown yet
            return done(request, receipt.reached, covered, status=HTTPStatus.ACCEPTED, body=PENDING)
        told = stood(known, receipt.state, None, reads, now)
        return done(request, receipt.reached, covered, status=HTTPStatus.ACCEPTED, body=told)

    return router
