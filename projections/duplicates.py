"""Duplicates: which of a member's photos came from the very same bytes."""

from collections.abc import Iterator

from domain.events import PhotoProcessed
from domain.ids import MemberId, PhotoId
from domain.recorded import Recorded
from projections.rows import Change, Look, Projection, Put, row


@row("fingerprints", key=("owner_id", "sha256", "photo_id"))
class FingerprintRow:
    """A photo under the SHA-256 of its original."""

    owner_id: MemberId
    sha256: str
    photo_id: PhotoId


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """A row for every photo that was ever developed; whether it still counts is decided at read."""
    del look
    match fact.event:
        case PhotoProcessed(owner_id=owner, sha256=sha256, photo_id=photo):
            yield Put(FingerprintRow(owner, sha256, photo))


DUPLICATES = Projection(
    name="duplicates", version=1, handles=(PhotoProcessed,), rows=(FingerprintRow,), project=project
)
