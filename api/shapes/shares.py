"""The shapes of links to photos and albums, and of what they show."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field

from api.bodies import Body, moment
from api.shapes.albums import Album
from api.shapes.photos import Photo, Photos
from domain.shares import PASSWORD_MOST


class NewShare(Body):
    """A link that is to be made: until when it leads anywhere, and what it asks of those who follow it."""

    expires_at: Annotated[AwareDatetime, BeforeValidator(moment)] | None = Field(
        None, examples=["2030-06-01T00:00:00Z"]
    )
    password: str | None = Field(None, min_length=1, max_length=PASSWORD_MOST, examples=["only for friends"])
    show_metadata: bool | None = Field(
        None, examples=[False], description="Whether camera, time and shown place of the pictures are told."
    )


class NewLink(BaseModel):
    """A link; whoever has it may follow it."""

    share_id: str
    url: str


class Share(BaseModel):
    """A link of the caller's that was not taken back, and how often it was followed."""

    share_id: str
    url: str
    photo_id: str | None
    album_id: str | None
    expires_at: AwareDatetime | None
    has_password: bool
    show_metadata: bool
    created_at: AwareDatetime
    counts: "ShareCounts"


class ShareCounts(BaseModel):
    """How often a link was followed; null while that can't be told."""

    views: int | None


class Shares(BaseModel):
    """A page of links."""

    items: list[Share]
    next_cursor: str | None


class Shared(BaseModel):
    """What a link shows: a photo, or an album with a page of its photos."""

    kind: Literal["photo", "album"]
    photo: Photo | None
    album: Album | None
    photos: Photos | None
    expires_at: AwareDatetime | None
