"""The shapes of leaving, and of what is told of it afterwards."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field

from api.bodies import Body
from domain.members import PASSWORD_MOST


class Closing(Body):
    """The password, said once more."""

    password: str = Field(max_length=PASSWORD_MOST, examples=["correct horse battery"])


class Closed(BaseModel):
    """Where it can be read how far the erasure has come: nobody can guess the link."""

    report_url: str


class Withdrawn(BaseModel):
    """What the member had done to what others have, taken back."""

    likes: int
    comments: int
    follows: int


class Removed(BaseModel):
    """What was the member's own, removed."""

    photos: int
    albums: int
    shares: int
    files: int


class Shredded(BaseModel):
    """The key of all that is personal in the member's events, destroyed then."""

    keys: int
    at: AwareDatetime | None


class Erasure(BaseModel):
    """How far an erasure has come; `finished` says that nothing in clear is left."""

    state: Literal["pending", "erased", "finished"]
    closed_at: AwareDatetime
    erased_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    withdrawn: Withdrawn
    removed: Removed
    shredded: Shredded
