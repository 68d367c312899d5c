"""Explore: the public photos of each hour, from which trending and explore choose.

Whether the account is private, and who may see what, is decided at read: these rows only keep the choice short.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

from domain.events import PhotoAudienceChanged, PhotoProcessed, PhotoRemoved, PhotoRestored
from domain.ids import PhotoId, time_of
from domain.recorded import Recorded
from domain.visibility import Audience, Status
from projections.analytics import hour_of
from projections.rows import Change, Drop, Look, Projection, Put, row


@row("public_photos", key=("hour", "photo_id"))
class PublicPhotoRow:
    """A photo that is ready and meant for everyone, under the hour in which it was published."""

    hour: str
    photo_id: PhotoId


class PublicPhotos(Protocol):
    """The public photos of hours."""

    async def newest(self, places: Mapping[str, PhotoId | None], limit: int) -> Mapping[str, Sequence[PhotoId]]:
        """For each hour the photos before one of them, newest first."""
        ...


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """A row while the photo is ready, public and not removed."""
    del look
    match fact.event:
        case PhotoProcessed(photo_id=photo, audience=audience):
            status = str(Status.READY)
        case PhotoAudienceChanged() | PhotoRestored() as change:
            photo, audience, status = change.photo_id, change.audience, change.status
        case PhotoRemoved(photo_id=photo, audience=audience):
            status = ""
        case _:
            return
    hour = hour_of(time_of(photo))
    if status == Status.READY and audience == Audience.PUBLIC:
        yield Put(PublicPhotoRow(hour, photo))
    else:
        yield Drop(PublicPhotoRow, (hour, photo))


EXPLORE: Final = Projection(
    name="explore",
    version=1,
    handles=(PhotoProcessed, PhotoAudienceChanged, PhotoRemoved, PhotoRestored),
    rows=(PublicPhotoRow,),
    project=project,
)
