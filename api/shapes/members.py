"""The shapes of members and of what is said to and of them."""

from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, Field

from api.bodies import Body, Line, Text
from api.shapes.images import Image
from domain.members import BIO_MOST, NAME_MOST, PASSWORD_LEAST, PASSWORD_MOST

STALE: Final = "Whether the counts can't be told now; left out when all is well."
Name = Annotated[Line, Field(max_length=NAME_MOST, examples=["Ana"])]


_EMAIL = r"^[^@\s\x00-\x1f\x7f-\x9f]{1,64}@[^@\s.\x00-\x1f\x7f-\x9f]+(\.[^@\s.\x00-\x1f\x7f-\x9f]+)+$"


class Registration(Body):
    """Who wants to become a member."""

    username: str = Field(pattern=r"^[a-zA-Z0-9_.]{3,30}$", examples=["ana"])
    email: str = Field(pattern=_EMAIL, max_length=254, examples=["ana@example.org"])
    password: str = Field(min_length=PASSWORD_LEAST, max_length=PASSWORD_MOST, examples=["correct horse battery"])
    first_name: Name
    last_name: Annotated[Line, Field(max_length=NAME_MOST, examples=["Kovač"])]


class ProfileChange(Body):
    """What is to be said of oneself; what is left out stays."""

    first_name: Name | None = None
    last_name: Annotated[Line, Field(max_length=NAME_MOST, examples=["Kovač"])] | None = None
    bio: Annotated[Text, Field(max_length=BIO_MOST, examples=["Rivers, mostly."])] | None = None
    private: bool | None = Field(None, examples=[True])


class Credentials(Body):
    """A username and its password."""

    username: str = Field(max_length=1000, examples=["ana"])
    password: str = Field(max_length=PASSWORD_MOST, examples=["correct horse battery"])


class Refresh(Body):
    """A refresh token, good for one use."""

    refresh_token: str = Field(max_length=1000, examples=["01m5z3k9qw8rt.3n0gq0m2w7b8yH3xJkQ"])


class Session(BaseModel):
    """Tokens of a session; the access token lives for `expires_in` seconds."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"]
    expires_in: int


class AvatarChoice(Body):
    """An upload that is to be the avatar."""

    upload_id: str = Field(max_length=64, examples=["01m5z3k9qw8rt"])


class MemberCounts(BaseModel):
    """`photos` counts what the viewer may see; a count that is not known now is null, and then `stale` is true."""

    photos: int | None
    followers: int | None
    following: int | None
    stale: bool = Field(False, description=STALE)


class MemberViewer(BaseModel):
    """How the viewer stands to the member."""

    following: Literal["no", "requested", "yes"]
    followed_by: bool
    blocked: bool
    muted: bool


class Member(BaseModel):
    """A member as the viewer sees them."""

    member_id: str
    username: str
    first_name: str
    last_name: str
    bio: str
    private: bool
    avatar: Image | None
    created_at: AwareDatetime
    counts: MemberCounts
    viewer: MemberViewer | None


class MemberCard(BaseModel):
    """A member in a list."""

    member_id: str
    username: str
    first_name: str
    last_name: str
    avatar: Image | None


class HiddenMember(BaseModel):
    """Someone whom the viewer may not see stands in a list all the same, so that lists and counts agree."""

    hidden: Literal[True]


class MemberCards(BaseModel):
    """A page of members."""

    items: list[MemberCard | HiddenMember]
    next_cursor: str | None


class Follow(BaseModel):
    """How the caller stands to the member now."""

    state: Literal["no", "requested", "yes"]
