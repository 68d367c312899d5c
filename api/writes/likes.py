"""Likes: like a photo, and take it back."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers import done
from api.bodies import JsonRoute
from api.documents import command
from api.identity import Member
from api.positions import Covered
from api.shapes import photos as shapes
from api.showing.photos import not_found
from api.wiring import Writes
from commands.likes import LikePhoto, UnlikePhoto
from domain.ids import PhotoId, is_id


def routes(writes: Writes) -> APIRouter:
    """Likes."""
    router = APIRouter(route_class=JsonRoute)

    @router.put(
        "/v1/photos/{photo_id}/like",
        **command("Like a photo", "likes", 200, shapes.Liked, {"liked": True}, 404, 409),
    )
    async def like(request: Request, photo_id: str, caller: Member, covered: Covered) -> Response:
        """Again it changes nothing."""
        receipt = await writes.like_photo(LikePhoto(checked(photo_id), caller.member_id))
        return done(request, receipt.reached, covered, body={"liked": receipt.state.given})

    @router.delete(
        "/v1/photos/{photo_id}/like",
        **command("Take a like back", "likes", 200, shapes.Liked, {"liked": False}, 404, 409),
    )
    async def unlike(request: Request, photo_id: str, caller: Member, covered: Covered) -> Response:
        """Again it changes nothing."""
        receipt = await writes.unlike_photo(UnlikePhoto(checked(photo_id), caller.member_id))
        return done(request, receipt.reached, covered, body={"liked": receipt.state.given})

    return router


def checked(photo_id: str) -> PhotoId:
    """A photo's id as it stands in a path; 404 for what can't be one."""
    if not is_id(photo_id):
        raise not_found()
    return photo_id
