"""What happens to uploads and photos; home: the owner."""

from datetime import datetime

from domain.events.catalogue import event
from domain.ids import MemberId, PhotoId, UploadId
from domain.images import Camera, Edits, Likeness, Location, Rendition


@event("upload.requested.v1", subject="member_id", personal=("filename",))
class UploadRequested:
    """A member asked for a place to put a file."""

    at: datetime
    upload_id: UploadId
    member_id: MemberId
    filename: str
    content_type: str
    size: int
    sha256: str | None
    object_key: str
    expires_at: datetime


@event("upload.divided.v1")
class UploadDivided:
    """An upload comes in parts of so many bytes; `handle` is what the object store calls it until it is whole."""

    at: datetime
    upload_id: UploadId
    member_id: MemberId
    handle: str
    part_bytes: int


@event("upload.abandoned.v1")
class UploadAbandoned:
    """An upload never became anything, and what had arrived of it was removed."""

    at: datetime
    upload_id: UploadId
    member_id: MemberId


@event("upload.used.v1")
class UploadUsed:
    """An uploaded file became a photo."""

    at: datetime
    upload_id: UploadId
    member_id: MemberId
    photo_id: PhotoId


@event(
    "photo.uploaded.v1", subject="owner_id", personal=("filename", "caption", "alt_text", "tags", "mentions", "place")
)
class PhotoUploaded:
    """A member published an uploaded file as a photo; it waits to be processed."""

    at: datetime
    photo_id: PhotoId
    owner_id: MemberId
    upload_id: UploadId
    object_key: str
    content_type: str
    size: int
    sha256: str | None
    filename: str
    caption: str
    alt_text: str
    tags: tuple[str, ...]
    mentions: tuple[str, ...]
    audience: str
    place: str
    show_location: bool


@event("photo.previewed.v1")
class PhotoPreviewed:
    """A photo's first size was rendered; its owner can see it while the rest is still to come."""

    at: datetime
    photo_id: PhotoId
    owner_id: MemberId
    rendition: Rendition


@event("photo.processed.v2", subject="owner_id", personal=("location",))
class PhotoProcessed:
    """A photo's variants were rendered and its facts read; whoever may see it now can."""

    at: datetime
    photo_id: PhotoId
    owner_id: MemberId
    audience: str
    sha256: str
    rendition: Rendition
    taken_at: datetime | None
    camera: Camera | None
    location: Location | None
    likeness: Likeness | None


@event("photo.edited.v1")
class PhotoEdited:
    """An owner cut, turned or toned a photo; it is shown as it was until the new edition is rendered."""

    at: datetime
    photo_id: PhotoId
    owner_id: MemberId
    edition: int
    edits: Edits


@event("photo.rendered.v1")
class PhotoRendered:
    """A photo's variants were rendered anew, for an edition or by another recipe; the former ones are still there."""

    at: datetime
    photo_id: PhotoId
    owner_id: MemberId
    audience: str
    edition: int
    rendition: Rendition
    likeness: Likeness | None


@event("photo.pruned.v1")
class PhotoPruned:
    """The files of a photo's former renditions were removed."""

    at: datetime
    photo_id: PhotoId
    owner_id: MemberId
    files: int


@event("photo.moved.v1")
class PhotoMoved:
    """A photo that not everyone may see any more got new keys for its files; `moves` counts how often.

    Files of former renditions end with the old keys.
    """

    at: datetime
    photo_id: PhotoId
    owner_id: MemberId
    moves: int
    rendition: Rendition


@event("duplicates.decided.v1")
class DuplicatesDecided:
    """A member looked at photos that are alike and said which of them to keep."""

    at: datetime
    member_id: MemberId
    group_id: PhotoId
    photo_ids: tuple[str, ...]
    keep: tuple[str, ...]


@event("photo.rejected.v1")
class PhotoRejected:
    """An upload could not become a photo, for the stated reason."""

    at: datetime
    photo_id: PhotoId
    owner_id: MemberId
    audience: str
    code: str
    detail: str


@event("photo.described.v1", subject="owner_id", personal=("caption", "alt_text", "tags", "mentions"))
class PhotoDescribed:
    """An owner changed a photo's words, tags or location display; the fields hold what applies from now on."""

    at: datetime
    photo_id: PhotoId
    owner_id: MemberId
    caption: str
    alt_text: str
    tags: tuple[str, ...]
    mentions: tuple[str, ...]
    show_location: bool


@event("photo.audience_changed.v1")
class PhotoAudienceChanged:
    """An owner opened a photo to more people, or to fewer."""

    at: datetime
    photo_id: PhotoId
    owner_id: MemberId
    status: str
    before: str
    audience: str


@event("photo.removed.v1")
class PhotoRemoved:
    """A photo was put into its owner's trash and is gone from every read."""

    at: datetime
    photo_id: PhotoId
    owner_id: MemberId
    status: str
    audience: str


@event("photo.restored.v1")
class PhotoRestored:
    """A photo came back from the trash, with all that belonged to it."""

    at: datetime
    photo_id: PhotoId
    owner_id: MemberId
    status: str
    audience: str
