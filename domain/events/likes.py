"""What happens between a member and a photo they like; home: the photo."""

from datetime import datetime

from domain.events.catalogue import event
from domain.ids import MemberId, PhotoId


@event("photo.liked.v1")
class PhotoLiked:
    """A member liked a photo they had not liked before."""

    at: datetime
    photo_id: PhotoId
    owner_id: MemberId
    member_id: MemberId


@event("photo.unliked.v1")
class PhotoUnliked:
    """A member took a like back."""

    at: datetime
    photo_id: PhotoId
    owner_id: MemberId
    member_id: MemberId
