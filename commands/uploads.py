"""Uploads: ask for a place to put a file."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from commands.deciding import Part, Receipt, decide_together
from commands.once import Once
from commands.ports import Deps, Objects, SignedPut
from domain import photos, texts
from domain.errors import Invalid
from domain.events import UploadRequested
from domain.ids import MemberId, UploadId, slot_of
from domain.photos import FILENAME_MOST, UPLOAD_OPEN, Upload

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class RequestUpload:
    """Ask where to put one file."""

    member_id: MemberId
    filename: str
    content_type: str
    size: int
    sha256: str | None = None


def new_upload(command: RequestUpload, *, deps: Deps) -> UploadRequested:
    """What is to be recorded for an upload; refuses what could never become a photo."""
    content_type = command.content_type.split(";")[0].strip().lower()
    photos.check_file(content_type, command.size)
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
        object_key=photos.object_key(upload_id),
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


async def request_uploads(
    requested: Sequence[UploadRequested], *, deps: Deps, once: Once | None = None
) -> Receipt[tuple[Upload, ...]]:
    """Record one member's requests, all or none; their URLs are of no use before this has returned."""
    parts = [upload_part(request.upload_id, fresh=True) for request in requested]
    return await decide_together(deps, parts, lambda _: [[request] for request in requested], once=once)


def upload_part(upload_id: UploadId, *, fresh: bool = False) -> Part[Upload]:
    """An upload as part of a decision."""
    return Part(photos.upload_stream(upload_id), photos.evolve_upload, photos.NO_UPLOAD, fresh)
