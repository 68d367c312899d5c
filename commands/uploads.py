"""Uploads: ask for a place to put a file, whole or in parts, and have the parts joined."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from commands.deciding import Part, Receipt, decide, decide_together, look
from commands.once import Once
from commands.ports import Deps, Objects, SignedPut
from domain import texts, uploads
from domain.errors import Contradicted, Invalid
from domain.events import Event, UploadDivided, UploadRequested
from domain.ids import MemberId, UploadId, slot_of
from domain.images import PART_BYTES
from domain.uploads import FILENAME_MOST, UPLOAD_OPEN, Upload

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class RequestUpload:
    """Ask where to put one file."""

    member_id: MemberId
    filename: str
    content_type: str
    size: int
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class CompleteUpload:
    """Say that all parts have arrived; `etags` by number, where the client kept them."""

    member_id: MemberId
    upload_id: UploadId
    etags: Mapping[int, str] | None = None


@dataclass(frozen=True, slots=True)
class SweepUpload:
    """Remove what arrived of an upload that nobody may use any more."""

    upload_id: UploadId


@dataclass(frozen=True, slots=True)
class SignedPart:
    """Where one part goes, and how many bytes of it."""

    number: int
    url: str
    size: int


def new_upload(command: RequestUpload, *, deps: Deps) -> UploadRequested:
    """What is to be recorded for an upload; refuses what could never become a photo."""
    content_type = command.content_type.split(";")[0].strip().lower()
    uploads.check_file(content_type, command.size)
    if command.sha256 is not None and not _SHA256.fullmatch(command.sha256.lower()):
        raise Invalid("invalid", "must be 64 hexadecimal digits", field="sha256")
    at = deps.now()
    upload_id = deps.new_id(slot_of(command.member_id), at)
    return UploadRequested(
        at=at,
        upload_id=upload_id,
        member_id=command.member_id,
        filename=texts.line(command.filename, "filename", least=1, most=FILENAME_MOST),
        content_type=content_type,
        size=command.size,
        sha256=command.sha256 and command.sha256.lower(),
        object_key=uploads.object_key(upload_id),
        expires_at=at + UPLOAD_OPEN,
    )


async def sign_upload(requested: UploadRequested, *, objects: Objects) -> SignedPut:
    """The URL under which the object store takes exactly that file."""
    return await objects.sign_put(
        requested.object_key,
        content_type=requested.content_type,
        size=requested.size,
        expires_at=requested.expires_at,
    )


async def divide_upload(requested: UploadRequested, *, objects: Objects) -> UploadDivided:
    """Begin an upload in parts at the object store; nothing else keeps it until that is recorded."""
    handle = await objects.divide(requested.object_key, content_type=requested.content_type)
    return UploadDivided(
        at=requested.at,
        upload_id=requested.upload_id,
        member_id=requested.member_id,
        handle=handle,
        part_bytes=PART_BYTES,
    )


async def sign_parts(requested: UploadRequested, divided: UploadDivided, *, objects: Objects) -> tuple[SignedPart, ...]:
    """A URL for each part, in order."""
    return tuple(
        [
            SignedPart(
                number,
                await objects.sign_part(
                    requested.object_key, divided.handle, number, size=size, expires_at=requested.expires_at
                ),
                size,
            )
            for number, size in enumerate(uploads.parts(requested.size, divided.part_bytes), 1)
        ]
    )


async def request_uploads(
    requested: Sequence[UploadRequested],
    divided: Mapping[UploadId, UploadDivided] | None = None,
    *,
    deps: Deps,
    once: Once | None = None,
) -> Receipt[tuple[Upload, ...]]:
    """Record one member's requests, all or none; their URLs are of no use before this has returned."""
    parts = [upload_part(request.upload_id, fresh=True) for request in requested]
    chosen: list[list[Event]] = [
        [request, *([divided[request.upload_id]] if divided and request.upload_id in divided else [])]
        for request in requested
    ]
    return await decide_together(deps, parts, lambda _: chosen, once=once)


async def complete_upload(
    command: CompleteUpload, *, deps: Deps, objects: Objects, once: Once | None = None
) -> Receipt[Upload]:
    """Have the parts joined; of a file that came whole, only see that it has come. Records nothing but the answer."""
    upload = await look(deps, upload_part(command.upload_id))
    requested = uploads.owned(upload, command.member_id)
    if await objects.size(requested.object_key) != requested.size:
        if upload.divided is None or upload.abandoned:
            raise Contradicted("not_uploaded", "No file has arrived for this upload.")
        sizes = uploads.parts(requested.size, upload.divided.part_bytes)
        await objects.join(requested.object_key, upload.divided.handle, sizes, command.etags)
    return await decide(deps, upload_part(command.upload_id), lambda _: [], once=once)


async def sweep_upload(command: SweepUpload, *, deps: Deps, objects: Objects) -> Receipt[Upload]:
    """Remove what arrived, then record that; nothing happens to one that was used, or may still be."""
    part = upload_part(command.upload_id)
    at = deps.now()
    upload = await look(deps, part)
    if uploads.abandon(upload, at) and upload.requested is not None:
        if upload.divided is not None:
            await objects.scrap(upload.requested.object_key, upload.divided.handle)
        await objects.remove([upload.requested.object_key])
    return await decide(deps, part, lambda upload: uploads.abandon(upload, at))


async def check_arrived(objects: Objects, requested: UploadRequested) -> None:
    """Refuse an upload whose file is not there, or is of another size."""
    size = await objects.size(requested.object_key)
    if size is None:
        raise Contradicted("not_uploaded", "No file has arrived for this upload.")
    if size != requested.size:
        raise Invalid("size_mismatch", f"The file has {size} bytes where {requested.size} were announced.")


def upload_part(upload_id: UploadId, *, fresh: bool = False) -> Part[Upload]:
    """An upload as part of a decision."""
    return Part(uploads.stream(upload_id), uploads.evolve, uploads.NO_UPLOAD, fresh)
