"""What happens when a member leaves; home: the member."""

from datetime import datetime

from domain.events.catalogue import event
from domain.ids import MemberId, PhotoId


@event("member.closed.v1")
class MemberClosed:
    """A member closed their account for good: nobody sees it any more, and it is going to be erased."""

    at: datetime
    member_id: MemberId
    private: bool
    taken_down: bool


@event("erasure.finished.v1")
class ErasureFinished:
    """Nothing in clear is left of a member who left: read models were emptied of them, and their files tidied."""

    at: datetime
    member_id: MemberId


@event("photo.erased.v1")
class PhotoErased:
    """A photo of a member who left was ended for good, its files with it."""

    at: datetime
    photo_id: PhotoId
    owner_id: MemberId


@event("member.erased.v1")
class MemberErased:
    """A member who left was erased: what they had done is withdrawn, their files are gone, their key is destroyed."""

    at: datetime
    member_id: MemberId
    likes: int
    comments: int
    follows: int
    photos: int
    albums: int
    shares: int
    files: int
