"""The files of photos to take away: a copy of at most 2,048 pixels for those who see one, the original for its owner."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.bodies import JsonRoute
from api.caching import shown
from api.documents import read
from api.identity import Member, Viewer
from api.ports import Now, Reads
from api.positions import fresh
from api.showing import images
from api.showing.images import SIGNED_FOR
from api.showing.photos import not_found, seen
from domain.errors import Forbidden, NotFound
from domain.ids import PhotoId
from projections.photos import PhotoRow
from projections.ports import Reached

Fresh = Annotated[Reached, Depends(fresh("visibility", "photos"))]


def routes(reads: Reads, now: Now) -> APIRouter:
    """Files to take away."""
    router = APIRouter(route_class=JsonRoute)

    @router.get(
        "/v1/photos/{photo_id}/download",
        **read("A photo's copy to take away", "photos", None, None, 404, status=HTTPStatus.FOUND),
    )
    async def download(request: Request, photo_id: str, viewer: Viewer, at: Fresh) -> Response:
        """On to a short-lived URL, for those who see the photo; in the format that `Accept` likes best, JPEG among equals."""
        await seen(reads, viewer and viewer.member_id, photo_id)
        row = await document(photo_id)
        if row.rendition is None:
            raise NotFound("image_not_ready", "The photo has no files yet.")
        key = images.download(row.rendition, request.headers.get("Accept")).key
        return redirect(request, at, key, vary="Accept, Authorization")

    @router.get(
        "/v1/photos/{photo_id}/original",
        **read("A photo's original", "photos", None, None, 403, 404, status=HTTPStatus.FOUND),
    )
    async def original(request: Request, photo_id: str, caller: Member, at: Fresh) -> Response:
        """On to a short-lived URL of the untouched upload, for its owner."""
        state = await seen(reads, caller.member_id, photo_id)
        if state.owner_id != caller.member_id:
            raise Forbidden("forbidden", "Only the owner of a photo may have its original.")
        return redirect(request, at, (await document(photo_id)).object_key)

    async def document(photo_id: PhotoId) -> PhotoRow:
        row = (await reads.photos.by_ids([photo_id])).get(photo_id)
        if row is None:
            raise not_found()
        return row

    def redirect(request: Request, at: Reached, key: str, *, vary: str = "Authorization") -> Response:
        until = now() + SIGNED_FOR
        return shown(
            request,
            at,
            None,
            (key, reads.files.expiry(until)),
            status=HTTPStatus.FOUND,
            location=reads.files.signed_url(key, until),
            vary=vary,
        )

    return router
