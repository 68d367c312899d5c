"""Photos: the document of each photo, without what other homes know of it (counts, the viewer's part)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from domain.events import (
    PhotoDescribed,
    PhotoErased,
    PhotoMoved,
    PhotoPreviewed,
    PhotoProcessed,
    PhotoRejected,
    PhotoRendered,
    PhotoUploaded,
)
from domain.ids import MemberId, PhotoId
from domain.images import Camera, Location, Rendition
from domain.recorded import Recorded
from projections.rows import Change, Drop, Look, Projection, Put, row


@row("photos", key=("photo_id",))
class PhotoRow:
    """A photo as published; status, audience and removal lie with the visibility rows.

    `preview` is its first size, for its owner until the rendition is there.
    """

    photo_id: PhotoId
    owner_id: MemberId
    caption: str
    alt_text: str
    tags: tuple[str, ...]
    mentions: tuple[str, ...]
    place: str
    show_location: bool
    object_key: str
    created_at: datetime
    edited_at: datetime | None
    rejection_code: str | None
    rejection_detail: str | None
    rendition: Rendition | None
    taken_at: datetime | None
    camera: Camera | None
    location: Location | None
    changed_at: datetime
    preview: Rendition | None = None


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """One row a photo, from upload to its last description."""
    if isinstance(fact.event, PhotoUploaded):
        yield Put(_published(fact.event, fact.recorded_at))
        return
    match fact.event:
        case PhotoErased(photo_id=photo_id):
            yield Drop(PhotoRow, (photo_id,))
        case (
            PhotoPreviewed(photo_id=photo_id)
            | PhotoProcessed(photo_id=photo_id)
            | PhotoRendered(photo_id=photo_id)
            | PhotoMoved(photo_id=photo_id)
            | PhotoRejected(photo_id=photo_id)
            | PhotoDescribed(photo_id=photo_id)
        ):
            before = look.get(PhotoRow, photo_id)
            if before is not None:
                yield Put(replace(_after(before, fact), changed_at=fact.recorded_at))


def _published(photo: PhotoUploaded, changed_at: datetime) -> PhotoRow:
    return PhotoRow(
        photo_id=photo.photo_id,
        owner_id=photo.owner_id,
        caption=photo.caption,
        alt_text=photo.alt_text,
        tags=photo.tags,
        mentions=photo.mentions,
        place=photo.place,
        show_location=photo.show_location,
        object_key=photo.object_key,
        created_at=photo.at,
        edited_at=None,
        rejection_code=None,
        rejection_detail=None,
        rendition=None,
        taken_at=None,
        camera=None,
        location=None,
        changed_at=changed_at,
    )


def _after(before: PhotoRow, fact: Recorded) -> PhotoRow:
    match fact.event:
        case PhotoPreviewed(rendition=preview):
            return replace(before, preview=preview)
        case PhotoRendered(rendition=rendition) | PhotoMoved(rendition=rendition):
            return replace(before, rendition=rendition)
        case PhotoProcessed() as done:
            return replace(
                before,
                preview=None,
                rendition=done.rendition,
                taken_at=done.taken_at,
                camera=done.camera,
                location=done.location,
            )
        case PhotoRejected(code=code, detail=detail):
            return replace(before, rejection_code=code, rejection_detail=detail)
        case PhotoDescribed() as words:
            return replace(
                before,
                caption=words.caption,
                alt_text=words.alt_text,
                tags=words.tags,
                mentions=words.mentions,
                show_location=words.show_location,
                edited_at=words.at,
            )
        case _:
            return before


PHOTOS = Projection(
    name="photos",
    version=3,
    handles=(
        PhotoUploaded,
        PhotoPreviewed,
        PhotoProcessed,
        PhotoRendered,
        PhotoMoved,
        PhotoRejected,
        PhotoDescribed,
        PhotoErased,
    ),
    rows=(PhotoRow,),
    project=project,
)
