"""What lies in albums: put a photo into one, move it there, take it out."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers import done
from api.bodies import JsonRoute
from api.documents import command
from api.identity import Member
from api.ports import Limits, Reads
from api.positions import Covered
from api.shapes import albums as shapes
from api.wiring import Writes
from api.writes.albums import checked
from api.writes.likes import checked as checked_photo
from commands.albums import PlacePhoto, TakePhotoOut
from domain.albums import FIRST


def routes(writes: Writes, reads: Reads, limits: Limits) -> APIRouter:
    """What owners put into their albums."""
    router = APIRouter(route_class=JsonRoute)

    @router.put(
        "/v1/albums/{album_id}/photos/{photo_id}",
        **command("Put a photo into an album", "albums", 204, None, None, 403, 404, 409, body=True),
    )
    async def place(
        request: Request,
        album_id: str,
        photo_id: str,
        caller: Member,
        covered: Covered,
        body: shapes.Placement | None = None,
    ) -> Response:
        """A photo of one's own: last, or moved to where `after` says."""
        after = None
        if body is not None and "after" in body.model_fields_set:
            after = FIRST if body.after is None else body.after
            await reads.progress.wait(["albums"], covered, timeout_s=limits.catch_up_s)
        receipt = await writes.place_photo(
            PlacePhoto(caller.member_id, checked(album_id), checked_photo(photo_id), after)
        )
        return done(request, receipt.reached, covered, status=HTTPStatus.NO_CONTENT)

    @router.delete(
        "/v1/albums/{album_id}/photos/{photo_id}",
        **command("Take a photo out of an album", "albums", 204, None, None, 403, 404, 409),
    )
    async def take_out(request: Request, album_id: str, photo_id: str, caller: Member, covered: Covered) -> Response:
        """The photo itself stays."""
        receipt = await writes.take_photo_out(
            TakePhotoOut(caller.member_id, checked(album_id), checked_photo(photo_id))
        )
        return done(request, receipt.reached, covered, status=HTTPStatus.NO_CONTENT)

    return router
