"""The shapes of tags."""

from pydantic import BaseModel


class Tag(BaseModel):
    """A tag, and how many public photos of the last seven days have it."""

    tag: str
    photos: int


class Tags(BaseModel):
    """A page of tags."""

    items: list[Tag]
    next_cursor: str | None
