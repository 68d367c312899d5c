"""Sessions: log in, refresh, log out."""

from dataclasses import dataclass
from hashlib import sha256
from secrets import token_urlsafe

from commands.deciding import Part, Receipt, decide, look
from commands.members import find_member, member_part
from commands.ports import Deps, Fingerprint, Passwords
from domain import members, sessions
from domain.errors import Refused, Unauthenticated
from domain.ids import MemberId, SessionId, is_id, slot_of
from domain.members import Member
from domain.sessions import Session


@dataclass(frozen=True, slots=True)
class LogIn:
    """Open a session by username and password."""

    username: str
    password: str


@dataclass(frozen=True, slots=True)
class RefreshSession:
    """Go on under a fresh token."""

    refresh_token: str


@dataclass(frozen=True, slots=True)
class LogOut:
    """End a session."""

    session_id: SessionId


@dataclass(frozen=True, slots=True)
class Login:
    """An open session: who it is, and the refresh token that only the client holds."""

    session_id: SessionId
    member: Member
    refresh_token: str
    reached: dict[int, int]


async def log_in(command: LogIn, *, deps: Deps, passwords: Passwords, fingerprint: Fingerprint) -> Login:
    """Check the password, in the same time whether there is such a member or not."""
    member = await _by_name(deps, command.username, fingerprint)
    right = await passwords.matches(member.password_hash if member.exists else None, command.password)
    if not right or not member.exists or member.closed or member.taken_down:
        raise Unauthenticated("bad_credentials", "Username and password do not match.")
    at = deps.now()
    session_id = deps.new_id(slot_of(member.member_id), at)
    token = _token(session_id)
    receipt = await decide(
        deps,
        _part(session_id, fresh=True),
        lambda session: sessions.start(session, session_id, member.member_id, _hash(token), at),
    )
    return Login(session_id, member, token, receipt.reached)


async def refresh_session(command: RefreshSession, *, deps: Deps) -> Login:
    """Exchange a refresh token for a fresh one; a token that was used before ends the session."""
    session_id, _, secret = command.refresh_token.partition(".")
    if not is_id(session_id) or not secret:
        raise Unauthenticated("bad_token", "That is no refresh token.")
    fresh, at = _token(session_id), deps.now()
    presented = _hash(command.refresh_token)
    receipt = await decide(
        deps, _part(session_id), lambda session: sessions.refresh(session, presented, _hash(fresh), at)
    )
    if receipt.state.ended:
        raise Unauthenticated("bad_token", "The refresh token was used before; please log in again.")
    member = await look(deps, member_part(receipt.state.member_id))
    return Login(session_id, members.known_member(member), fresh, receipt.reached)


async def log_out(command: LogOut, *, deps: Deps) -> Receipt[Session]:
    """End the session for every token of it."""
    at = deps.now()
    return await decide(deps, _part(command.session_id), lambda session: sessions.end(session, at))


async def session_ended(session_id: SessionId, member_id: MemberId, *, deps: Deps) -> bool:
    """Whether a session is over, by the record itself: for when the read store can't tell."""
    if (await look(deps, _part(session_id))).ended:
        return True
    member = await look(deps, member_part(member_id))
    return member.closed or member.taken_down


async def _by_name(deps: Deps, username: str, fingerprint: Fingerprint) -> Member:
    try:
        member_id = await find_member(deps, username, fingerprint)
    except Refused:  # unknown, or not even a possible username
        return members.NOBODY
    return await look(deps, member_part(member_id))


def _part(session_id: SessionId, *, fresh: bool = False) -> Part[Session]:
    return Part(sessions.stream(session_id), sessions.evolve, sessions.NONE, fresh)


def _token(session_id: SessionId) -> str:
    return f"{session_id}.{token_urlsafe(32)}"


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
