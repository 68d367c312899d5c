"""What a model that an operator brought makes of photos; home: the photo's owner."""

from datetime import datetime

from domain.events.catalogue import event
from domain.ids import MemberId, PhotoId
from domain.images import Label


@event("photo.detection_asked.v1")
class PhotoDetectionAsked:
    """A photo is shown by a new picture, and a model is to look at it."""

    at: datetime
    photo_id: PhotoId
    owner_id: MemberId


@event("photo.labelled.v1", subject="owner_id", personal=("labels",))
class PhotoLabelled:
    """A model looked at an edition of a photo; the labels, the surest first, take the place of all before (null once erased)."""

    at: datetime
    photo_id: PhotoId
    owner_id: MemberId
    edition: int
    model: str
    model_version: str
    labels: tuple[Label, ...] | None


@event("photo.detection_failed.v1")
class PhotoDetectionFailed:
    """A model was given up for an edition of a photo, for the stated reason; the photo is shown as before."""

    at: datetime
    photo_id: PhotoId
    owner_id: MemberId
    edition: int
    model: str
    model_version: str
    code: str
    detail: str
