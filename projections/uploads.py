"""Uploads: those that became nothing yet, so that what was abandoned can be swept away."""

from collections.abc import Iterator
from datetime import datetime

from domain.events import UploadAbandoned, UploadRequested, UploadUsed
from domain.ids import MemberId, UploadId
from domain.recorded import Recorded
from projections.rows import Change, Drop, Look, Projection, Put, row


@row("open_uploads", key=("upload_id",))
class OpenUploadRow:
    """An upload that was asked for; ids rise with time, so the oldest come first."""

    upload_id: UploadId
    member_id: MemberId
    expires_at: datetime


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """A row from the request until it is used or given up."""
    del look
    match fact.event:
        case UploadRequested(upload_id=upload, member_id=member, expires_at=expires_at):
            yield Put(OpenUploadRow(upload, member, expires_at))
        case UploadUsed(upload_id=upload) | UploadAbandoned(upload_id=upload):
            yield Drop(OpenUploadRow, (upload,))


UPLOADS = Projection(
    name="uploads",
    version=1,
    handles=(UploadRequested, UploadUsed, UploadAbandoned),
    rows=(OpenUploadRow,),
    project=project,
)
