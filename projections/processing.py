"""Processing: what waits to be rendered, by stage; the work itself is handed out from these rows.

First sizes are a stage of their own, before everything else. A photo then waits to be developed whole, and again with
each edit; an avatar waits under the id of its upload. A photo that is ready waits for a model to look at it, where that
was asked.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import TypeAlias

from domain.events import (
    AvatarChosen,
    AvatarRejected,
    AvatarRemoved,
    AvatarRendered,
    PhotoDetectionAsked,
    PhotoDetectionFailed,
    PhotoEdited,
    PhotoErased,
    PhotoLabelled,
    PhotoPreviewed,
    PhotoProcessed,
    PhotoRejected,
    PhotoRemoved,
    PhotoRendered,
    PhotoRestored,
    PhotoUploaded,
)
from domain.ids import MemberId, PhotoId
from domain.recorded import Recorded
from domain.visibility import Status
from projections.rows import Change, Drop, Look, Projection, Put, row


@row("waiting_previews", key=("photo_id",))
class WaitingPreviewRow:
    """A photo whose first size is to be rendered."""

    photo_id: PhotoId
    owner_id: MemberId
    since: datetime


@row("waiting_photos", key=("photo_id",))
class WaitingPhotoRow:
    """A photo that is to be developed or rendered anew, or the upload that is to be an avatar."""

    photo_id: PhotoId
    owner_id: MemberId
    since: datetime


@row("waiting_detections", key=("photo_id",))
class WaitingDetectionRow:
    """A photo that a model is to look at."""

    photo_id: PhotoId
    owner_id: MemberId
    since: datetime


WaitingRow: TypeAlias = WaitingPreviewRow | WaitingPhotoRow | WaitingDetectionRow
"""What waits in any stage."""


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """A row in the stage that comes next, until its outcome is recorded."""
    del look
    match fact.event:
        case PhotoUploaded(photo_id=photo, owner_id=owner):
            yield Put(WaitingPreviewRow(photo, owner, fact.recorded_at))
        case PhotoPreviewed(photo_id=photo, owner_id=owner):
            yield Drop(WaitingPreviewRow, (photo,))
            yield Put(WaitingPhotoRow(photo, owner, fact.recorded_at))
        case (
            PhotoRestored(photo_id=photo, owner_id=owner, status=Status.PROCESSING)
            | PhotoEdited(photo_id=photo, owner_id=owner)
        ):
            yield Put(WaitingPhotoRow(photo, owner, fact.recorded_at))
        case PhotoRendered(photo_id=photo):
            yield Drop(WaitingPhotoRow, (photo,))
        case (
            PhotoProcessed(photo_id=photo)
            | PhotoRejected(photo_id=photo)
            | PhotoRemoved(photo_id=photo)
            | PhotoErased(photo_id=photo)
        ):
            yield Drop(WaitingPreviewRow, (photo,))
            yield Drop(WaitingPhotoRow, (photo,))
            if isinstance(fact.event, PhotoErased):
                yield Drop(WaitingDetectionRow, (photo,))
        case PhotoDetectionAsked(photo_id=photo, owner_id=owner):
            yield Put(WaitingDetectionRow(photo, owner, fact.recorded_at))
        case PhotoLabelled(photo_id=photo) | PhotoDetectionFailed(photo_id=photo):
            yield Drop(WaitingDetectionRow, (photo,))
        case _:
            yield from _avatars(fact)


def _avatars(fact: Recorded) -> Iterator[Change]:
    match fact.event:
        case AvatarChosen() as chosen:
            if chosen.instead_of is not None:
                yield Drop(WaitingPhotoRow, (chosen.instead_of,))
            yield Put(WaitingPhotoRow(chosen.upload_id, chosen.member_id, fact.recorded_at))
        case AvatarRendered(upload_id=upload) | AvatarRejected(upload_id=upload):
            yield Drop(WaitingPhotoRow, (upload,))
        case AvatarRemoved(instead_of=str() as upload):
            yield Drop(WaitingPhotoRow, (upload,))


PROCESSING = Projection(
    name="processing",
    version=3,
    handles=(
        PhotoUploaded,
        PhotoPreviewed,
        PhotoProcessed,
        PhotoRejected,
        PhotoRemoved,
        PhotoRestored,
        PhotoEdited,
        PhotoRendered,
        PhotoErased,
        PhotoDetectionAsked,
        PhotoDetectionFailed,
        PhotoLabelled,
        AvatarChosen,
        AvatarRendered,
        AvatarRejected,
        AvatarRemoved,
    ),
    rows=(WaitingPreviewRow, WaitingPhotoRow, WaitingDetectionRow),
    project=project,
)
