"""Claims: a username or an email address is a stream of its own, so that it can be given out only once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from domain.errors import Contradicted
from domain.events import EmailClaimed, EmailReleased, Event, UsernameClaimed
from domain.homes import Stream, slot_of_email
from domain.ids import MemberId

ABANDONED_AFTER: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Claim:
    """Who holds a name or an address, and since when."""

    member_id: MemberId | None = None
    since: datetime | None = None


FREE: Final = Claim()


def username_stream(fingerprint: str, slot: int) -> Stream:
    """Where a username is claimed: in the log of the member who bears it."""
    return Stream(f"username-{fingerprint}", slot)


def email_stream(fingerprint: str) -> Stream:
    """Where an email address is claimed."""
    return Stream(f"email-{fingerprint}", slot_of_email(fingerprint))


def evolve(claim: Claim, event: Event) -> Claim:
    """What one event changes."""
    match event:
        case UsernameClaimed(member_id=member, at=at) | EmailClaimed(member_id=member, at=at):
            return Claim(member, at)
        case EmailReleased():
            return FREE
        case _:
            return claim


def claim_username(claim: Claim, member_id: MemberId, at: datetime) -> list[Event]:
    """A username is given once and never again."""
    if claim.member_id is not None:
        raise Contradicted("username_taken", "That username is taken.", field="username")
    return [UsernameClaimed(at=at, member_id=member_id)]


def claim_email(claim: Claim, member_id: MemberId, at: datetime, *, abandoned: MemberId | None) -> list[Event]:
    """An address is held by one member; one whose registration was `abandoned` no longer holds it."""
    if claim.member_id not in {None, abandoned}:
        raise Contradicted("email_taken", "That email address is taken.", field="email")
    return [EmailClaimed(at=at, member_id=member_id)]


def release_email(claim: Claim, member_id: MemberId, at: datetime) -> list[Event]:
    """Give an address back, if it is still this registration that holds it."""
    return [EmailReleased(at=at, member_id=member_id)] if claim.member_id == member_id else []


def is_stale(claim: Claim, at: datetime) -> bool:
    """Whether a claim is so old that its registration must have failed if there is still no member."""
    return claim.since is not None and at - claim.since >= ABANDONED_AFTER
