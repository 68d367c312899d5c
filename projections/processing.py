"""Processing: the photos that wait to be developed; the work itself is handed out from these rows."""

from collections.abc import Iterator
from datetime import datetime

from domain.events import PhotoProcessed, PhotoRejected, PhotoRemoved, PhotoRestored, PhotoUploaded
from domain.ids import MemberId, PhotoId
from domain.recorded import Recorded
from domain.visibility import Status
from projections.rows import Change, Drop, Look, Projection, Put, row


@row("waiting_photos", key=("photo_id",))
class WaitingPhotoRow:
    """A photo that is to be developed."""

    photo_id: PhotoId
    owner_id: MemberId
    since: datetime


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """A row from publication until the outcome is recorded."""
    del look
    match fact.event:
        case PhotoUploaded(photo_id=photo, owner_id=owner):
            yield Put(WaitingPhotoRow(photo, owner, fact.recorded_at))
        case PhotoRestored(photo_id=photo, owner_id=owner, status=Status.PROCESSING):
            yield Put(WaitingPhotoRow(photo, owner, fact.recorded_at))
        case PhotoProcessed(photo_id=photo) | PhotoRejected(photo_id=photo) | PhotoRemoved(photo_id=photo):
            yield Drop(WaitingPhotoRow, (photo,))


PROCESSING = Projection(
    name="processing",
    version=1,
    handles=(PhotoUploaded, PhotoProcessed, PhotoRejected, PhotoRemoved, PhotoRestored),
    rows=(WaitingPhotoRow,),
    project=project,
)
