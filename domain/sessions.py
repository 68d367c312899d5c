"""Sessions: a login, the refresh tokens that prolong it, and its end."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Final

from domain.errors import Unauthenticated
from domain.events import Event, SessionEnded, SessionOpened, SessionRefreshed
from domain.homes import Stream
from domain.ids import MemberId, SessionId, slot_of

LIFETIME: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Session:
    """What is true of a session now."""

    session_id: SessionId = ""
    member_id: MemberId = ""
    refresh_hash: str = ""
    expires_at: datetime | None = None
    ended: bool = False


NONE: Final = Session()


def stream(session_id: SessionId) -> Stream:
    """Where a session is recorded: with its member."""
    return Stream(f"session-{session_id}", slot_of(session_id))


def evolve(session: Session, event: Event) -> Session:
    """What one event changes."""
    match event:
        case SessionOpened() as made:
            return Session(made.session_id, made.member_id, made.refresh_hash, made.expires_at)
        case SessionRefreshed(refresh_hash=refresh, expires_at=expires):
            return replace(session, refresh_hash=refresh, expires_at=expires)
        case SessionEnded():
            return replace(session, ended=True)
        case _:
            return session


def start(session: Session, session_id: SessionId, member_id: MemberId, refresh_hash: str, at: datetime) -> list[Event]:
    """Open a session for a member who has shown who they are."""
    del session
    return [
        SessionOpened(
            at=at, session_id=session_id, member_id=member_id, refresh_hash=refresh_hash, expires_at=at + LIFETIME
        )
    ]


def refresh(session: Session, presented_hash: str, fresh_hash: str, at: datetime) -> list[Event]:
    """Prolong a session by its present token.

    A token that was already used means that someone has a copy of it: the session ends
    (RFC 9700, section 4.14.2, refresh token rotation).
    """
    if session.expires_at is None or session.ended or at >= session.expires_at:
        raise Unauthenticated("bad_token", "The session is over; please log in again.")
    if not compare_digest(session.refresh_hash, presented_hash):
        return [SessionEnded(at=at, session_id=session.session_id, member_id=session.member_id, reason="token_reused")]
    return [
        SessionRefreshed(
            at=at,
            session_id=session.session_id,
            member_id=session.member_id,
            refresh_hash=fresh_hash,
            expires_at=at + LIFETIME,
        )
    ]


def end(session: Session, at: datetime) -> list[Event]:
    """Log out; ending twice changes nothing."""
    if session.ended or not session.session_id:
        return []
    return [SessionEnded(at=at, session_id=session.session_id, member_id=session.member_id, reason="logged_out")]
