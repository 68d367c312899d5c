"""The shapes of duplicates and of what is similar."""

from typing import Annotated

from pydantic import BaseModel, Field

from api.bodies import Body
from api.shapes.photos import Photo

Id = Annotated[str, Field(max_length=64, examples=["01m5z3k9qw8rt"])]


class DuplicateGroup(BaseModel):
    """Photos of the caller that came of the same file, or look alike; the oldest first."""

    group_id: str
    photos: list[Photo]


class DuplicateGroups(BaseModel):
    """A page of groups."""

    items: list[DuplicateGroup]
    next_cursor: str | None


class DuplicateDecision(Body):
    """Which photos of the group stay; the others go into the trash."""

    keep: list[Id] = Field(min_length=1, max_length=1000)


class SimilarPhoto(Photo):
    """A photo, and how similar it is (1: the same)."""

    similarity: float


class SimilarPhotos(BaseModel):
    """A page of photos, the most similar first."""

    items: list[SimilarPhoto]
    next_cursor: str | None
