"""The shapes of albums and of what is said of them."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from api.bodies import Body, Line, Text
from api.shapes.images import Image
from api.shapes.members import HiddenMember, MemberCard
from api.shapes.photos import Audience
from domain.albums import DESCRIPTION_MOST, TITLE_MOST

Title = Annotated[
    Line,
    Field(
        max_length=TITLE_MOST,
        examples=["Rivers"],
        json_schema_extra={
            "pattern": r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*[^\s\x00-\x1f\x7f-\x9f\u2028\u2029][^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
        },
    ),
]
Description = Annotated[Text, Field(max_length=DESCRIPTION_MOST, examples=["All of them, from source to mouth."])]


class NewAlbum(Body):
    """An album that is to be made."""

    title: Title
    description: Description | None = None
    audience: Audience | None = None


class AlbumChange(Body):
    """What is to be said of an album; what is left out stays."""

    title: Title | None = None
    description: Description | None = None
    audience: Audience | None = None


class Placement(Body):
    """Where a photo is to lie: behind another of the album, first where that is null; last where it is left out."""

    after: str | None = Field(None, max_length=64, examples=["01m5z3k9qw8rt"])


class AlbumCounts(BaseModel):
    """How many photos of the album the viewer may see."""

    photos: int


class Album(BaseModel):
    """An album as the viewer sees it; the cover is the first photo of it that they may see."""

    album_id: str
    owner: MemberCard | HiddenMember
    title: str
    description: str
    audience: Audience
    cover: Image | None
    counts: AlbumCounts
    created_at: AwareDatetime


class Albums(BaseModel):
    """A page of albums."""

    items: list[Album]
    next_cursor: str | None
