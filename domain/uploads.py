"""Uploads: files on their way, each of which becomes one thing of its member's, or is swept away."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from domain.errors import Contradicted, Invalid, NotFound, TooLarge, Unsupported
from domain.events import Event, UploadAbandoned, UploadDivided, UploadRequested, UploadUsed
from domain.homes import Stream
from domain.ids import MemberId, PhotoId, UploadId, is_id, slot_of, time_of
from domain.images import ACCEPTED_TYPES, MAX_UPLOAD_BYTES

FILENAME_MOST: Final = 255
UPLOAD_OPEN: Final = timedelta(hours=1)
UPLOAD_KEPT: Final = timedelta(days=1)
"""After its URL has ended, so long an upload may still be published; then what arrived of it is swept away."""


@dataclass(frozen=True, slots=True)
class Upload:
    """What is true of an upload now."""

    requested: UploadRequested | None = None
    divided: UploadDivided | None = None
    photo_id: PhotoId | None = None
    abandoned: bool = False


NO_UPLOAD: Final = Upload()


def stream(upload_id: UploadId) -> Stream:
    """Where an upload is recorded: with its member."""
    return Stream(f"upload-{upload_id}", slot_of(upload_id))


def object_key(upload_id: UploadId) -> str:
    """Where an upload's bytes go: by date and id."""
    return f"photos/{time_of(upload_id):%Y/%m/%d}/{upload_id}/original"


def upload_of(key: str) -> UploadId | None:
    """The upload whose original the key names; None for the key of anything else."""
    *_, upload_id, _ = ("", "", *key.split("/"))
    return upload_id if is_id(upload_id) and object_key(upload_id) == key else None


def evolve(upload: Upload, event: Event) -> Upload:
    """What one event changes."""
    match event:
        case UploadRequested() as requested:
            return replace(upload, requested=requested)
        case UploadDivided() as divided:
            return replace(upload, divided=divided)
        case UploadUsed(photo_id=photo):
            return replace(upload, photo_id=photo)
        case UploadAbandoned():
            return replace(upload, abandoned=True)
        case _:
            return upload


def check_file(content_type: str, size: int) -> None:
    """Refuse what could never become a photo, before a byte is sent."""
    if content_type not in ACCEPTED_TYPES:
        raise Unsupported("unsupported_type", f"Photos are one of {', '.join(ACCEPTED_TYPES)}.", field="content_type")
    if size > MAX_UPLOAD_BYTES:
        raise TooLarge("too_large", f"A photo has at most {MAX_UPLOAD_BYTES} bytes.", field="size")
    if size < 1:
        raise Invalid("invalid", "must be at least 1", field="size")


def parts(size: int, part_bytes: int) -> tuple[int, ...]:
    """The sizes of the parts that a file of this size comes in."""
    whole, rest = divmod(size, part_bytes)
    return (part_bytes,) * whole + ((rest,) if rest else ())


def use(upload: Upload, member_id: MemberId, photo_id: PhotoId, at: datetime) -> list[Event]:
    """An upload becomes one photo (or its member's avatar, under its own id), and only its member's.

    Long after its URL has ended it becomes nothing more: what arrived of it may be swept away at any moment.
    """
    requested = owned(upload, member_id)
    if upload.abandoned or at >= requested.expires_at + UPLOAD_KEPT:
        raise Contradicted("not_uploaded", "The upload was not used for too long; please upload the file again.")
    return [UploadUsed(at=at, upload_id=requested.upload_id, member_id=member_id, photo_id=photo_id)]


def owned(upload: Upload, member_id: MemberId) -> UploadRequested:
    """The request behind an upload; others' uploads don't exist for a member."""
    if upload.requested is None or upload.requested.member_id != member_id:
        raise NotFound("upload_not_found", "There is no such upload.")
    return upload.requested


def abandon(upload: Upload, at: datetime) -> list[Event]:
    """Close an upload that nobody may use any more; the others stay open."""
    requested = upload.requested
    if requested is None or upload.abandoned or upload.photo_id is not None or not forgotten(requested, at):
        return []
    return [UploadAbandoned(at=at, upload_id=requested.upload_id, member_id=requested.member_id)]


def forgotten(requested: UploadRequested, at: datetime) -> bool:
    """Whether nothing can become of the upload any more, by any process's clock (an hour is allowed for those)."""
    return at >= requested.expires_at + UPLOAD_KEPT + UPLOAD_OPEN
