"""Shares: links that show a photo or an album to whoever holds them, until they expire or are taken back."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from domain.errors import Invalid, NotFound
from domain.events import Event, ShareCreated, ShareRevoked
from domain.homes import Stream
from domain.ids import MemberId, ShareId, slot_of
from domain.visibility import MemberState, PhotoState, Status

PASSWORD_MOST: Final = 1024
PHOTO: Final = "photo"
ALBUM: Final = "album"


@dataclass(frozen=True, slots=True)
class Share:
    """What is true of a link now."""

    created: ShareCreated | None = None
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class ShareState:
    """What has to be known of a link to open it; an empty hash asks for no password."""

    share_id: ShareId
    owner_id: MemberId
    subject: str
    expires_at: datetime | None
    password_hash: str
    show_metadata: bool

    @property
    def kind(self) -> str:
        """What it shows: `PHOTO` or `ALBUM`."""
        return self.subject.partition(":")[0]

    @property
    def subject_id(self) -> str:
        """Which of them."""
        return self.subject.partition(":")[2]


NONE: Final = Share()


def stream(share_id: ShareId) -> Stream:
    """Where a link is recorded: with its owner."""
    return Stream(f"share-{share_id}", slot_of(share_id))


def evolve(share: Share, event: Event) -> Share:
    """What one event changes."""
    match event:
        case ShareCreated() as made:
            return Share(made)
        case ShareRevoked():
            return replace(share, revoked=True)
        case _:
            return share


def revoke(share: Share, member_id: MemberId, at: datetime) -> list[Event]:
    """Take a link back; nobody else knows of it, and again it changes nothing."""
    made = share.created
    if made is None or made.owner_id != member_id:
        raise NotFound("share_not_found", "There is no such share.")
    return [] if share.revoked else [ShareRevoked(at=at, share_id=made.share_id, owner_id=member_id)]


def check_expiry(expires_at: datetime | None, at: datetime) -> None:
    """Refuse a link that would be over before it begins."""
    if expires_at is not None and expires_at <= at:
        raise Invalid("invalid", "must lie in the future", field="expires_at")


def may_open(share: ShareState, owner: MemberState, at: datetime) -> bool:
    """Whether the link leads anywhere, for those who know its password."""
    return not owner.gone and (share.expires_at is None or at < share.expires_at)


def shows(photo: PhotoState, owner: MemberState) -> bool:
    """Whether a link shows a photo: it was made by the owner, so for whom the photo is meant otherwise doesn't matter."""
    return photo.status == Status.READY and not (photo.removed or photo.taken_down or owner.gone)
