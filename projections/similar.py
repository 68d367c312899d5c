"""Similar: the visual descriptor of every photo, to find those that look like one."""

from collections.abc import Iterator
from datetime import datetime

from domain.events import PhotoErased, PhotoProcessed, PhotoRendered
from domain.ids import PhotoId
from domain.images import Likeness
from domain.recorded import Recorded
from projections.rows import Change, Drop, Look, Projection, Put, Vector, row


@row("descriptors", key=("photo_id",))
class DescriptorRow:
    """A photo's descriptor; who may see the photo is decided at read."""

    photo_id: PhotoId
    descriptor: Vector
    changed_at: datetime


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """One row a photo."""
    del look
    match fact.event:
        case PhotoProcessed(photo_id=photo, likeness=Likeness() as likeness):
            yield Put(DescriptorRow(photo, _vector(likeness), fact.recorded_at))
        case PhotoRendered(photo_id=photo, likeness=Likeness() as likeness):
            yield Put(DescriptorRow(photo, _vector(likeness), fact.recorded_at))
        case PhotoErased(photo_id=photo):
            yield Drop(DescriptorRow, (photo,))


def _vector(likeness: Likeness) -> Vector:
    return Vector(tuple(map(float, likeness.descriptor)))


SIMILAR = Projection(
    name="similar",
    version=1,
    handles=(PhotoProcessed, PhotoRendered, PhotoErased),
    rows=(DescriptorRow,),
    project=project,
)
