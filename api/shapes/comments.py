"""The shapes of comments."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field

from api.bodies import Body
from api.shapes.members import HiddenMember, MemberCard
from domain.comments import TEXT_MOST

Words = Annotated[str, Field(max_length=TEXT_MOST, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$", examples=["Lovely!"])]


class NewComment(Body):
    """What is to be written under a photo."""

    text: Words
    reply_to: str | None = Field(None, max_length=64, examples=["01m5z3k9qw8rt"])


class CommentChange(Body):
    """What a comment is to say from now on."""

    text: Words


class Comment(BaseModel):
    """A comment."""

    comment_id: str
    photo_id: str
    author: MemberCard | HiddenMember
    text: str
    reply_to: str | None
    mentions: list[str]
    created_at: AwareDatetime
    edited_at: AwareDatetime | None


class HiddenComment(BaseModel):
    """A comment of someone whom the viewer may not see."""

    comment_id: str
    hidden: Literal[True]
    created_at: AwareDatetime


class Comments(BaseModel):
    """A page of comments."""

    items: list[Comment | HiddenComment]
    next_cursor: str | None
