"""Uploads: ask where to put files, whole or in parts, and say that all parts are there."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request
from fastapi import Body as BodyOf
from pydantic import Discriminator, Field, Tag
from starlette.responses import Response

from api.answers import dump, stamp
from api.bodies import JsonRoute
from api.documents import command
from api.idempotency import Idempotency, IdempotencyKey
from api.identity import Member
from api.ports import Reads
from api.positions import Covered
from api.shapes import examples
from api.shapes import photos as shapes
from api.standby import AWAY
from api.wiring import Writes
from commands.deciding import Receipt
from commands.once import Once
from commands.uploads import CompleteUpload, RequestUpload
from domain.errors import NotFound, Refused
from domain.events import UploadDivided, UploadRequested
from domain.ids import MemberId, PhotoId, is_id, slot_of
from domain.once import Answer
from domain.uploads import Upload

MOST: Final = 50
One = Annotated[shapes.UploadRequest, Tag("(one)")]
Many = Annotated[list[shapes.UploadRequest], Field(min_length=1, max_length=MOST), Tag("(many)")]
Asked = Annotated[
    One | Many,
    Discriminator(lambda body: "(many)" if isinstance(body, list) else "(one)"),
    BodyOf(description="One file, or a list of them."),
]


def routes(writes: Writes, reads: Reads, idempotency: Idempotency) -> APIRouter:
    """Uploads."""
    router = APIRouter(route_class=JsonRoute)

    @router.post(
        "/v1/uploads",
        **command(
            "Ask where to put files",
            "photos",
            201,
            shapes.Upload | shapes.DividedUpload | list[shapes.Upload | shapes.DividedUpload],
            examples.UPLOAD,
            409,
            body=True,
        ),
    )
    async def ask(
        request: Request, caller: Member, body: Asked, covered: Covered, _key: IdempotencyKey = None
    ) -> Response:
        """A URL for each file, good for an hour; `duplicate_of` names a photo of mine with the same bytes."""
        asked = body if isinstance(body, list) else [body]
        requested = [_begun(writes, caller.member_id, number, one, len(asked)) for number, one in enumerate(asked)]
        inside = [one for one, wish in zip(requested, asked, strict=True) if wish.multipart]
        divided = {each.upload_id: each for each in await asyncio.gather(*map(writes.divide_upload, inside))}
        answers = await asyncio.gather(*(told(one, divided.get(one.upload_id)) for one in requested))
        answer = Answer(HTTPStatus.CREATED, dump(answers if isinstance(body, list) else answers[0]).decode())

        async def run(once: Once | None) -> Receipt[tuple[Upload, ...]]:
            return await writes.request_uploads(requested, divided, once=once)

        return await idempotency.answer(
            request,
            covered,
            caller=caller.member_id,
            slot=slot_of(caller.member_id),
            make=lambda _: answer,
            run=run,
        )

    async def told(requested: UploadRequested, divided: UploadDivided | None) -> dict[str, Any]:
        if divided is not None:
            parts, duplicate = await asyncio.gather(writes.sign_parts(requested, divided), same_bytes(requested))
            return {
                "upload_id": requested.upload_id,
                "parts": [{"number": part.number, "url": part.url, "size": part.size} for part in parts],
                "method": "PUT",
                "headers": {},
                "expires_at": stamp(requested.expires_at.replace(microsecond=0)),
                "duplicate_of": duplicate,
            }
        signed, duplicate = await asyncio.gather(writes.sign_upload(requested), same_bytes(requested))
        return {
            "upload_id": requested.upload_id,
            "url": signed.url,
            "method": "PUT",
            "headers": dict(signed.headers),
            "expires_at": stamp(signed.expires_at),
            "duplicate_of": duplicate,
        }

    async def same_bytes(requested: UploadRequested) -> PhotoId | None:
        if requested.sha256 is None:
            return None
        try:
            found: Sequence[PhotoId] = await reads.duplicates.of(requested.member_id, requested.sha256)
            states = await reads.sight.photos(found) if found else {}
        except AWAY:
            return None  # a hint, for which no upload has to wait
        return next((photo for photo in found if photo in states and not states[photo].removed), None)

    return router


def completion(writes: Writes, idempotency: Idempotency) -> APIRouter:
    """The end of uploads in parts."""
    router = APIRouter(route_class=JsonRoute)

    @router.post(
        "/v1/uploads/{upload_id}/complete",
        **command("Join the parts of a file", "photos", 200, shapes.Uploaded, examples.UPLOADED, 404, 409, body=True),
    )
    async def complete(
        request: Request,
        upload_id: str,
        caller: Member,
        covered: Covered,
        body: shapes.Completion | None = None,
        _key: IdempotencyKey = None,
    ) -> Response:
        """Only needed for files in parts; 409 while one is missing. May be repeated."""
        if not is_id(upload_id):
            raise NotFound("upload_not_found", "There is no such upload.")
        parts = None if body is None else body.parts
        etags = None if parts is None else {part.number: part.etag for part in parts}
        answer = Answer(HTTPStatus.OK, dump({"upload_id": upload_id}).decode())

        async def run(once: Once | None) -> Receipt[Upload]:
            return await writes.complete_upload(CompleteUpload(caller.member_id, upload_id, etags), once=once)

        return await idempotency.answer(
            request, covered, caller=caller.member_id, slot=slot_of(upload_id), make=lambda _: answer, run=run
        )

    return router


def _begun(writes: Writes, member_id: MemberId, number: int, one: shapes.UploadRequest, of: int) -> UploadRequested:
    try:
        return writes.new_upload(RequestUpload(member_id, one.filename, one.content_type, one.size, one.sha256))
    except Refused as refusal:
        if of > 1 and refusal.field is not None:
            refusal.field = f"{number}.{refusal.field}"
        raise
