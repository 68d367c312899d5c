"""The shapes of uploads and photos, and of what is said of them."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field

from api.bodies import Body, Line, Text, Whole
from api.shapes.images import Image
from api.shapes.members import STALE, HiddenMember, MemberCard
from domain.images import ACCEPTED_TYPES, MAX_UPLOAD_BYTES
from domain.photos import ALT_TEXT_MOST, CAPTION_MOST, PLACE_MOST
from domain.texts import MAX_TAGS
from domain.uploads import FILENAME_MOST

Audience = Literal["public", "friends", "private"]
Tag = Annotated[Line, Field(examples=["river"], json_schema_extra={"pattern": r"^#?\w{1,64}$"})]
Tags = Annotated[list[Tag], Field(max_length=MAX_TAGS)]
Caption = Annotated[Text, Field(max_length=CAPTION_MOST, examples=["Down by the river #river"])]
AltText = Annotated[Text, Field(max_length=ALT_TEXT_MOST, examples=["A river at dusk"])]


class UploadRequest(Body):
    """A file that is to be uploaded; up to 50 MiB."""

    filename: Annotated[Line, Field(min_length=1, max_length=FILENAME_MOST, examples=["river.jpg"])]
    content_type: str = Field(examples=["image/jpeg"], json_schema_extra={"enum": list(ACCEPTED_TYPES)})
    size: Whole = Field(
        ge=1, examples=[3_145_728], description="In bytes.", json_schema_extra={"maximum": MAX_UPLOAD_BYTES}
    )
    sha256: str | None = Field(None, pattern="^[0-9a-fA-F]{64}$", examples=["5f" * 32])
    multipart: bool | None = Field(None, description="Ask for URLs of parts; of use above 5 MiB.")


class Upload(BaseModel):
    """Where to put the file, and which of the member's photos has the same bytes already."""

    upload_id: str
    url: str
    method: Literal["PUT"]
    headers: dict[str, str]
    expires_at: AwareDatetime
    duplicate_of: str | None


class UploadPart(BaseModel):
    """Where a part goes, and how many bytes of the file it has; its answer names its `ETag`."""

    number: int
    url: str
    size: int


class DividedUpload(BaseModel):
    """Where to put the parts of the file, in any order; then complete the upload."""

    upload_id: str
    parts: list[UploadPart]
    method: Literal["PUT"]
    headers: dict[str, str]
    expires_at: AwareDatetime
    duplicate_of: str | None


class ArrivedPart(Body):
    """A part that was put, and the ETag that the answer to it named."""

    number: Whole = Field(ge=1, le=10_000, examples=[1])
    etag: str = Field(max_length=200, examples=['"5f0a"'])


class Completion(Body):
    """The parts, where the client wants them compared with what has arrived."""

    parts: list[ArrivedPart] | None = Field(None, max_length=10_000)


class Uploaded(BaseModel):
    """An upload whose file is there, whole."""

    upload_id: str


class Publication(Body):
    """An upload that is to become a photo."""

    upload_id: str = Field(max_length=64, examples=["01m5z3k9qw8rt"])
    caption: Caption | None = None
    alt_text: AltText | None = None
    tags: Tags | None = None
    audience: Audience | None = None
    place: Annotated[Line, Field(max_length=PLACE_MOST, examples=["Maribor"])] | None = None
    show_location: bool | None = Field(None, examples=[False])
    album_ids: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=100)] | None = Field(
        None, examples=[["01m5z6a1k3bcd"]]
    )


class PhotoChange(Body):
    """What is to be said of a photo; what is left out stays."""

    caption: Caption | None = None
    alt_text: AltText | None = None
    tags: Tags | None = None
    audience: Audience | None = None
    show_location: bool | None = Field(None, examples=[True])


class Rejection(BaseModel):
    """Why a file did not become a photo."""

    code: str
    detail: str


class Camera(BaseModel):
    """What took the picture."""

    make: str | None
    model: str | None
    lens: str | None
    focal_length_mm: float | None
    aperture: float | None
    exposure_s: float | None
    iso: int | None


class Location(BaseModel):
    """Where the picture was taken, in degrees (WGS 84)."""

    latitude: float | None
    longitude: float | None
    place: str | None


class PhotoCounts(BaseModel):
    """What others made of it; a count that is not known now is null, and then `stale` is true."""

    likes: int | None
    comments: int | None
    views: int | None
    stale: bool = Field(False, description=STALE)


class PhotoViewer(BaseModel):
    """The viewer's part."""

    liked: bool
    may_edit: bool


class Photo(BaseModel):
    """A photo as the viewer sees it."""

    photo_id: str
    owner: MemberCard | HiddenMember
    status: Literal["processing", "ready", "rejected"]
    rejection: Rejection | None
    caption: str
    alt_text: str
    tags: list[str]
    mentions: list[str]
    audience: Audience
    created_at: AwareDatetime
    edited_at: AwareDatetime | None
    image: Image | None
    taken_at: AwareDatetime | None
    camera: Camera | None
    location: Location | None
    counts: PhotoCounts
    viewer: PhotoViewer | None


class Photos(BaseModel):
    """A page of photos."""

    items: list[Photo]
    next_cursor: str | None


class TrashedPhoto(Photo):
    """A photo in its owner's trash; no files of it are given out until it is restored."""

    deleted_at: AwareDatetime


class TrashedPhotos(BaseModel):
    """A page of the trash."""

    items: list[TrashedPhoto]
    next_cursor: str | None


class FoundPhoto(Photo):
    """A photo that was found, and the texts in which it was: safe HTML with `<em>` around the words."""

    highlights: dict[Literal["caption", "alt_text", "tags", "place"], str]


class FoundPhotos(BaseModel):
    """A page of photos that were found; there are at most `total` in all."""

    items: list[FoundPhoto]
    next_cursor: str | None
    total: int


class Liked(BaseModel):
    """Whether the caller likes the photo now."""

    liked: bool
