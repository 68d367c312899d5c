"""Author lists: the photos of each member, newest first; what may be shown of them is decided at read."""

from collections.abc import Iterator

from domain.events import PhotoUploaded
from domain.ids import MemberId, PhotoId
from domain.recorded import Recorded
from projections.rows import Change, Look, Projection, Put, row


@row("author_photos", key=("owner_id", "photo_id"))
class AuthorPhotoRow:
    """A photo in its author's list."""

    owner_id: MemberId
    photo_id: PhotoId


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """A row for every photo that was ever published: a removed one may be restored."""
    del look
    match fact.event:
        case PhotoUploaded(owner_id=owner, photo_id=photo):
            yield Put(AuthorPhotoRow(owner, photo))


AUTHORS = Projection(name="authors", version=1, handles=(PhotoUploaded,), rows=(AuthorPhotoRow,), project=project)
