"""Photos and the uploads that they come from: decisions over the life of a picture."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from domain.errors import Contradicted, Forbidden, Invalid, NotFound, TooLarge, Unsupported
from domain.events import (
    Event,
    PhotoAudienceChanged,
    PhotoDescribed,
    PhotoErased,
    PhotoProcessed,
    PhotoRejected,
    PhotoRemoved,
    PhotoRestored,
    PhotoTakedownLifted,
    PhotoTakenDown,
    PhotoUploaded,
    UploadRequested,
    UploadUsed,
)
from domain.homes import Stream
from domain.ids import MemberId, PhotoId, UploadId, slot_of, time_of
from domain.images import ACCEPTED_TYPES, MAX_UPLOAD_BYTES, Camera, Location, Rendition
from domain.visibility import Audience, Status

CAPTION_MOST: Final = 2_200
ALT_TEXT_MOST: Final = 1_500
PLACE_MOST: Final = 200
FILENAME_MOST: Final = 255
TRASH_KEPT: Final = timedelta(days=30)
UPLOAD_OPEN: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Upload:
    """What is true of an upload now."""

    requested: UploadRequested | None = None
    photo_id: PhotoId | None = None


@dataclass(frozen=True, slots=True)
class Photo:
    """What is true of a photo now."""

    uploaded: PhotoUploaded | None = None
    status: Status = Status.PROCESSING
    audience: Audience = Audience.PUBLIC
    removed_at: datetime | None = None
    taken_down: bool = False
    erased: bool = False
    caption: str = ""
    alt_text: str = ""
    tags: tuple[str, ...] = ()
    show_location: bool = False
    rendition: Rendition | None = None


NO_UPLOAD: Final = Upload()
NO_PHOTO: Final = Photo()


def upload_stream(upload_id: UploadId) -> Stream:
    """Where an upload is recorded: with its member."""
    return Stream(f"upload-{upload_id}", slot_of(upload_id))


def stream(photo_id: PhotoId) -> Stream:
    """Where a photo is recorded: with its owner."""
    return Stream(f"photo-{photo_id}", slot_of(photo_id))


def object_key(upload_id: UploadId) -> str:
    """Where an upload's bytes go: by date and id."""
    return f"photos/{time_of(upload_id):%Y/%m/%d}/{upload_id}/original"


def evolve_upload(upload: Upload, event: Event) -> Upload:
    """What one event changes."""
    match event:
        case UploadRequested() as requested:
            return replace(upload, requested=requested)
        case UploadUsed(photo_id=photo):
            return replace(upload, photo_id=photo)
        case _:
            return upload


def evolve(photo: Photo, event: Event) -> Photo:
    """What one event changes."""
    match event:
        case PhotoUploaded() as made:
            return Photo(
                uploaded=made,
                audience=Audience(made.audience),
                caption=made.caption,
                alt_text=made.alt_text,
                tags=made.tags,
                show_location=made.show_location,
            )
        case PhotoProcessed(rendition=rendition):
            return replace(photo, status=Status.READY, rendition=rendition)
        case PhotoRejected():
            return replace(photo, status=Status.REJECTED)
        case PhotoDescribed() as words:
            return replace(
                photo,
                caption=words.caption,
                alt_text=words.alt_text,
                tags=words.tags,
                show_location=words.show_location,
            )
        case PhotoAudienceChanged(audience=audience):
            return replace(photo, audience=Audience(audience))
        case _:
            return _standing(photo, event)


def _standing(photo: Photo, event: Event) -> Photo:
    """What hides a photo from everybody, for a while or for good."""
    match event:
        case PhotoRemoved(at=at):
            return replace(photo, removed_at=at)
        case PhotoRestored():
            return replace(photo, removed_at=None)
        case PhotoTakenDown():
            return replace(photo, taken_down=True)
        case PhotoTakedownLifted():
            return replace(photo, taken_down=False)
        case PhotoErased():
            return replace(photo, erased=True)
        case _:
            return photo


def check_file(content_type: str, size: int) -> None:
    """Refuse what could never become a photo, before a byte is sent."""
    if content_type not in ACCEPTED_TYPES:
        raise Unsupported("unsupported_type", f"Photos are one of {', '.join(ACCEPTED_TYPES)}.", field="content_type")
    if size > MAX_UPLOAD_BYTES:
        raise TooLarge("too_large", f"A photo has at most {MAX_UPLOAD_BYTES} bytes.", field="size")
    if size < 1:
        raise Invalid("invalid", "must be at least 1", field="size")


def use_upload(upload: Upload, member_id: MemberId, photo_id: PhotoId, at: datetime) -> list[Event]:
    """An upload becomes one photo, and only its member's."""
    requested = own_upload(upload, member_id)
    return [UploadUsed(at=at, upload_id=requested.upload_id, member_id=member_id, photo_id=photo_id)]


def own_upload(upload: Upload, member_id: MemberId) -> UploadRequested:
    """The request behind an upload; others' uploads don't exist for a member."""
    if upload.requested is None or upload.requested.member_id != member_id:
        raise NotFound("upload_not_found", "There is no such upload.")
    return upload.requested


@dataclass(frozen=True, slots=True)
class Words:
    """What an owner says about a photo; None leaves a field as it is."""

    caption: str | None = None
    alt_text: str | None = None
    tags: tuple[str, ...] | None = None
    show_location: bool | None = None


def describe(photo: Photo, words: PhotoDescribed) -> list[Event]:
    """Change the words; the same words again record nothing."""
    same = (photo.caption, photo.alt_text, photo.tags, photo.show_location)
    return [] if same == (words.caption, words.alt_text, words.tags, words.show_location) else [words]


def change_audience(photo: Photo, audience: Audience, at: datetime) -> list[Event]:
    """Open the photo to more people, or to fewer."""
    made = known_photo(photo)
    if photo.audience == audience:
        return []
    return [
        PhotoAudienceChanged(
            at=at,
            photo_id=made.photo_id,
            owner_id=made.owner_id,
            status=photo.status,
            before=photo.audience,
            audience=audience,
        )
    ]


def finish(
    photo: Photo,
    *,
    sha256: str,
    rendition: Rendition,
    taken_at: datetime | None,
    camera: Camera | None,
    location: Location | None,
    at: datetime,
) -> list[Event]:
    """Record what developing gave; a photo that was removed meanwhile, or is done already, stays as it is."""
    made = known_photo(photo, removed_too=True)
    if photo.status != Status.PROCESSING or photo.removed_at is not None:
        return []
    return [
        PhotoProcessed(
            at=at,
            photo_id=made.photo_id,
            owner_id=made.owner_id,
            audience=photo.audience,
            sha256=sha256,
            rendition=rendition,
            taken_at=taken_at,
            camera=camera,
            location=location,
        )
    ]


def reject(photo: Photo, code: str, detail: str, at: datetime) -> list[Event]:
    """Record that an upload can't become a photo."""
    made = known_photo(photo, removed_too=True)
    if photo.status != Status.PROCESSING or photo.removed_at is not None:
        return []
    return [
        PhotoRejected(
            at=at,
            photo_id=made.photo_id,
            owner_id=made.owner_id,
            audience=photo.audience,
            code=code,
            detail=detail,
        )
    ]


def remove(photo: Photo, at: datetime) -> list[Event]:
    """Put a photo into the trash; removing twice changes nothing."""
    made = known_photo(photo, removed_too=True)
    if photo.removed_at is not None:
        return []
    return [
        PhotoRemoved(
            at=at, photo_id=made.photo_id, owner_id=made.owner_id, status=photo.status, audience=photo.audience
        )
    ]


def restore(photo: Photo, at: datetime) -> list[Event]:
    """Bring a photo back from the trash while it is kept there; one that is not in it stays as it is."""
    made = known_photo(photo, removed_too=True)
    if photo.removed_at is None:
        return []
    if at - photo.removed_at > TRASH_KEPT:
        raise Contradicted("trash_expired", "The photo was in the trash for too long.")
    return [
        PhotoRestored(
            at=at, photo_id=made.photo_id, owner_id=made.owner_id, status=photo.status, audience=photo.audience
        )
    ]


def erase(photo: Photo, at: datetime) -> list[Event]:
    """End a photo for good, wherever it stands; again it changes nothing."""
    made = photo.uploaded
    if made is None or photo.erased:
        return []
    gone = [] if photo.taken_down or photo.removed_at is not None else remove(photo, at)
    return [*gone, PhotoErased(at=at, photo_id=made.photo_id, owner_id=made.owner_id)]


def known_photo(photo: Photo, *, removed_too: bool = False) -> PhotoUploaded:
    """How the photo began, or the refusal that there is none."""
    hidden = photo.taken_down or photo.erased
    if photo.uploaded is None or hidden or (photo.removed_at is not None and not removed_too):
        raise NotFound("photo_not_found", "There is no such photo.")
    return photo.uploaded


def owned_by(photo: Photo, member_id: MemberId, *, removed_too: bool = False) -> PhotoUploaded:
    """How the photo began, if the member owns it."""
    made = known_photo(photo, removed_too=removed_too)
    if made.owner_id != member_id:
        raise Forbidden("forbidden", "Only the owner of a photo may do that.")
    return made
