"""Photos: publish an upload, and restore what was deleted; requests that may carry an idempotency key."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers import dump
from api.bodies import JsonRoute
from api.documents import command
from api.idempotency import Idempotency, IdempotencyKey
from api.identity import Member
from api.ports import Now, Reads
from api.positions import Covered
from api.shapes import examples
from api.shapes import photos as shapes
from api.showing.photos import Hydrated, hydrate
from api.wiring import Writes
from api.writes.likes import checked
from api.writes.standing import stood
from commands.deciding import Receipt
from commands.once import Once
from commands.photos import PublishPhoto, RestorePhoto
from domain.ids import MemberId, slot_of
from domain.once import Answer
from domain.photos import Photo, known_photo
from domain.visibility import Audience


def routes(writes: Writes, reads: Reads, idempotency: Idempotency, now: Now) -> APIRouter:
    """How photos come, and come back."""
    router = APIRouter(route_class=JsonRoute)

    @router.post(
        "/v1/photos",
        **command("Publish an upload", "photos", 202, shapes.Photo, examples.PROCESSING, 404, 409, body=True),
    )
    async def publish(
        request: Request, caller: Member, body: shapes.Publication, covered: Covered, _key: IdempotencyKey = None
    ) -> Response:
        """The photo is developed in the background; the same upload again answers the same photo."""
        asked = PublishPhoto(
            member_id=caller.member_id,
            upload_id=body.upload_id,
            caption=body.caption or "",
            alt_text=body.alt_text or "",
            tags=tuple(body.tags or ()),
            audience=Audience(body.audience or Audience.PUBLIC),
            place=body.place or "",
            show_location=body.show_location or False,
            album_ids=tuple(body.album_ids or ()),
        )
        return await answered(request, caller.member_id, covered, HTTPStatus.ACCEPTED, asked)

    @router.post(
        "/v1/photos/{photo_id}/restore",
        **command("Restore a photo", "photos", 200, shapes.Photo, examples.PHOTO, 403, 404, 409, 422),
    )
    async def restore(
        request: Request, photo_id: str, caller: Member, covered: Covered, _key: IdempotencyKey = None
    ) -> Response:
        """Back from the trash, with its likes, comments and place in feeds."""
        asked = RestorePhoto(caller.member_id, checked(photo_id))
        return await answered(request, caller.member_id, covered, HTTPStatus.OK, asked)

    async def answered(
        request: Request,
        member_id: MemberId,
        covered: dict[int, int],
        status: int,
        asked: PublishPhoto | RestorePhoto,
    ) -> Response:
        known = await context(member_id, asked)

        async def run(once: Once | None) -> Receipt[Photo]:
            if isinstance(asked, RestorePhoto):
                return await writes.restore_photo(asked, once=once)
            receipt = await writes.publish_photo(asked, once=once)
            if not receipt.recorded and receipt.replayed is None:  # an upload that was published before
                nonlocal known
                known = await hydrate(reads, member_id, [known_photo(receipt.state, removed_too=True).photo_id])
            return receipt

        def make(photo: Photo) -> Answer:
            return Answer(status, dump(stood(known, photo, None, reads, now)).decode())

        return await idempotency.answer(request, covered, caller=member_id, slot=slot_of(member_id), make=make, run=run)

    async def context(member_id: MemberId, asked: PublishPhoto | RestorePhoto) -> Hydrated:
        """What an answer needs besides the photo itself, at hand before the command commits."""
        if isinstance(asked, RestorePhoto):
            return await hydrate(reads, member_id, [asked.photo_id])
        profiles, owners = await reads.profiles.by_ids([member_id]), await reads.sight.members([member_id])
        return Hydrated(member_id, profiles=profiles, owners=owners)

    return router
