"""The shapes of notifications."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel

from api.shapes.members import MemberCard


class Notification(BaseModel):
    """What came of one subject: from the newest of `actors` and others, `count` in all."""

    notification_id: str
    kind: Literal["like", "comment", "mention", "follow", "follow_request", "follow_accepted"]
    actors: list[MemberCard]
    count: int
    photo_id: str | None
    comment_id: str | None
    created_at: AwareDatetime
    updated_at: AwareDatetime
    seen: bool


class Notifications(BaseModel):
    """A page of notifications."""

    items: list[Notification]
    next_cursor: str | None


class Unread(BaseModel):
    """How many notifications were not seen."""

    count: int
