"""What happens to albums; home: the owner."""

from datetime import datetime

from domain.events.catalogue import event
from domain.ids import AlbumId, MemberId, PhotoId


@event("album.created.v1", subject="owner_id", personal=("title", "description"))
class AlbumCreated:
    """A member made an album."""

    at: datetime
    album_id: AlbumId
    owner_id: MemberId
    title: str
    description: str
    audience: str


@event("album.described.v1", subject="owner_id", personal=("title", "description"))
class AlbumDescribed:
    """An owner changed an album's words; the fields hold what applies from now on."""

    at: datetime
    album_id: AlbumId
    owner_id: MemberId
    title: str
    description: str


@event("album.audience_changed.v1")
class AlbumAudienceChanged:
    """An owner opened an album to more people, or to fewer."""

    at: datetime
    album_id: AlbumId
    owner_id: MemberId
    before: str
    audience: str


@event("album.removed.v1")
class AlbumRemoved:
    """An owner deleted an album; its photos stay."""

    at: datetime
    album_id: AlbumId
    owner_id: MemberId


@event("album.photo_placed.v1")
class AlbumPhotoPlaced:
    """An owner put a photo into an album or moved it there: behind `after`, first where that is empty, else last."""

    at: datetime
    album_id: AlbumId
    photo_id: PhotoId
    owner_id: MemberId
    after: PhotoId | None


@event("album.photo_taken_out.v1")
class AlbumPhotoTakenOut:
    """An owner took a photo out of an album; the photo stays."""

    at: datetime
    album_id: AlbumId
    photo_id: PhotoId
    owner_id: MemberId
