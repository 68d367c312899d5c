"""Trash: the photos that members deleted, for as long as they may want them back."""

from collections.abc import Iterator
from datetime import datetime

from domain.events import PhotoRemoved, PhotoRestored
from domain.ids import MemberId, PhotoId
from domain.recorded import Recorded
from projections.rows import Change, Drop, Look, Projection, Put, row


@row("trash", key=("owner_id", "photo_id"), orders=(("owner_id", "since", "photo_id"),))
class TrashedPhotoRow:
    """A photo in its owner's trash, and since when."""

    owner_id: MemberId
    photo_id: PhotoId
    since: datetime


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """A row from deletion until restoring."""
    del look
    match fact.event:
        case PhotoRemoved(owner_id=owner, photo_id=photo, at=at):
            yield Put(TrashedPhotoRow(owner, photo, at))
        case PhotoRestored(owner_id=owner, photo_id=photo):
            yield Drop(TrashedPhotoRow, (owner, photo))


TRASH = Projection(
    name="trash", version=1, handles=(PhotoRemoved, PhotoRestored), rows=(TrashedPhotoRow,), project=project
)
