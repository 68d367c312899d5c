"""Shares: make a link to a photo or an album, and take it back."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers import dump, taken_away
from api.bodies import JsonRoute
from api.documents import command
from api.idempotency import Idempotency, IdempotencyKey
from api.identity import Caller, Member
from api.links import Links
from api.opening import not_found
from api.positions import Covered
from api.shapes import examples
from api.shapes import shares as shapes
from api.wiring import Writes
from api.writes.albums import checked as checked_album
from api.writes.likes import checked as checked_photo
from commands.deciding import Receipt
from commands.once import Once
from commands.shares import CreateShare, RevokeShare
from domain.ids import is_id, slot_of
from domain.once import Answer
from domain.shares import ALBUM, PHOTO, Share


def routes(writes: Writes, idempotency: Idempotency, links: Links) -> APIRouter:
    """Links, as their owners make them."""
    router = APIRouter(route_class=JsonRoute)
    said = (201, shapes.NewLink, examples.LINK, 403, 404, 409)

    @router.post("/v1/photos/{photo_id}/shares", **command("Share a photo", "shares", *said, body=True))
    async def share_photo(
        request: Request,
        photo_id: str,
        caller: Member,
        body: shapes.NewShare,
        covered: Covered,
        _key: IdempotencyKey = None,
    ) -> Response:
        """A link that shows the photo to whoever has it, whatever its audience; only the owner may make one."""
        return await made(request, caller, PHOTO, checked_photo(photo_id), body, covered)

    @router.post("/v1/albums/{album_id}/shares", **command("Share an album", "shares", *said, body=True))
    async def share_album(
        request: Request,
        album_id: str,
        caller: Member,
        body: shapes.NewShare,
        covered: Covered,
        _key: IdempotencyKey = None,
    ) -> Response:
        """A link that shows the album and the photos in it to whoever has it; only the owner may make one."""
        return await made(request, caller, ALBUM, checked_album(album_id), body, covered)

    @router.delete(
        "/v1/shares/{share_id}",
        **command("Take a link back", "shares", 204, None, None, 404, 409, pending=True),
    )
    async def revoke(request: Request, share_id: str, caller: Member, covered: Covered) -> Response:
        """It leads nowhere from then on."""
        if not is_id(share_id):
            raise not_found()
        receipt = await writes.revoke_share(RevokeShare(caller.member_id, share_id))
        return taken_away(request, receipt.reached, covered, pending=receipt.pending)

    async def made(
        request: Request, caller: Caller, kind: str, subject_id: str, body: shapes.NewShare, covered: dict[int, int]
    ) -> Response:
        asked = CreateShare(
            caller.member_id, kind, subject_id, body.expires_at, body.password, body.show_metadata or False
        )

        async def run(once: Once | None) -> Receipt[Share]:
            return await writes.create_share(asked, once=once)

        def make(share: Share) -> Answer:
            assert share.created is not None
            share_id = share.created.share_id
            told = {"share_id": share_id, "url": links.share(share_id)}
            return Answer(HTTPStatus.CREATED, dump(told).decode())

        return await idempotency.answer(
            request, covered, caller=caller.member_id, slot=slot_of(caller.member_id), make=make, run=run
        )

    return router
