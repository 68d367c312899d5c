"""Notifications: what a member is told of, and until when they have seen it."""

from datetime import datetime
from enum import StrEnum
from hashlib import blake2b

from domain.events import Event, NotificationsSeen
from domain.homes import Stream
from domain.ids import MemberId, first_id, slot_of


class Kind(StrEnum):
    """What happened."""

    LIKE = "like"
    COMMENT = "comment"
    MENTION = "mention"
    FOLLOW = "follow"
    FOLLOW_REQUEST = "follow_request"
    FOLLOW_ACCEPTED = "follow_accepted"


def stream(member_id: MemberId) -> Stream:
    """Where it is recorded what a member has seen."""
    return Stream(f"notifications-{member_id}", slot_of(member_id))


def evolve(until: datetime | None, event: Event) -> datetime | None:
    """What one event changes."""
    return event.until if isinstance(event, NotificationsSeen) else until


def see(until: datetime | None, member_id: MemberId, newest: datetime, at: datetime) -> list[Event]:
    """What came until `newest` is seen; nothing changes where that was seen before."""
    if until is not None and newest <= until:
        return []
    return [NotificationsSeen(at=at, member_id=member_id, until=newest)]


def id_of(recipient: str, kind: str, subject: str, since: datetime) -> str:
    """The id of what is told of one subject: it sorts by when that began, and stays while more comes."""
    own = blake2b(f"{recipient}\0{kind}\0{subject}".encode("utf-8", "backslashreplace"), digest_size=5).hexdigest()
    return f"{first_id(since)}{own}"
