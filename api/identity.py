"""Who is calling: access tokens (JWT, RFC 7519), checked against sessions that are over."""

import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, Final, NamedTuple

import jwt
from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param

from api.ports import Keyring, Now
from domain.errors import Forbidden, Unauthenticated
from domain.ids import MemberId, SessionId, is_id
from domain.members import Role
from projections.grounds import Grounds, noting
from projections.ports import Sessions

ALGORITHM: Final = "HS256"
ISSUER: Final = "filmroll"
AUDIENCE: Final = "filmroll-api"
_LONGEST: Final = 4096
_KNOWN: Final = 10_000


class Caller(NamedTuple):
    """A member, by a session, with the roles of the time of login."""

    member_id: MemberId
    session_id: SessionId
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Identity:
    """Gives out access tokens and recognises them."""

    keyring: Keyring
    sessions: Sessions
    life_s: int
    now: Now
    known: dict[str, tuple[Caller, float]] = field(default_factory=dict, repr=False)
    """Tokens whose signature was checked before, and when they end; whether the session is over is asked each time."""
    vouched: dict[str, tuple[Caller, float, Grounds]] = field(default_factory=dict, repr=False)
    """Headers with tokens that counted, when these end, and what it rests on that their sessions go on."""

    def issue(self, member_id: MemberId, session_id: SessionId, roles: frozenset[str]) -> str:
        """A token for a session that was just opened or refreshed."""
        at = self.now()
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": member_id,
            "sid": session_id,
            "roles": sorted(roles),
            "iat": at,
            "exp": at + timedelta(seconds=self.life_s),
        }
        key = self.keyring.keys[self.keyring.current]
        return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": self.keyring.current})

    async def bearer(self, authorization: str) -> Caller:
        """Who sends this header; `Unauthenticated` where it holds no token that counts."""
        scheme, token = get_authorization_scheme_param(authorization)
        if scheme.lower() != "bearer":
            raise _bad_token()
        with noting() as grounds:
            caller = await self.recognise(token)
        if grounds.firm:
            if len(self.vouched) >= _KNOWN:
                self.vouched.clear()
            self.vouched[authorization] = (caller, self.known[token][1], grounds)
        return caller

    def known_bearer(self, authorization: str) -> Caller | None:
        """The same at once, where it can be told that such a header, seen before, still counts."""
        vouched = self.vouched.get(authorization)
        if vouched is None:
            return None
        caller, expires, grounds = vouched
        return caller if time.time() < expires and grounds.stand() else None

    def holder(self, header: str) -> MemberId | None:
        """Whose token an `Authorization` header holds, whether their session is over or not; None for none."""
        scheme, token = get_authorization_scheme_param(header)
        if scheme.lower() != "bearer":
            return None
        known = self.known.get(token)
        if known is not None:
            return known[0].member_id
        try:
            return self._read(token)[0].member_id
        except Unauthenticated:
            return None

    async def recognise(self, token: str) -> Caller:
        """Who holds the token; `Unauthenticated` for one that is forged, expired, or of a session that is over."""
        known = self.known.get(token)
        if known is not None and time.time() < known[1]:
            caller = known[0]
        else:
            caller, expires = self._read(token)
            if len(self.known) >= _KNOWN:
                self.known.clear()
            self.known[token] = (caller, expires)
        if await self.sessions.ended(caller.session_id, caller.member_id):
            raise _bad_token()
        return caller

    def _read(self, token: str) -> tuple[Caller, float]:
        """Who the token says it is of, and when it ends."""
        if len(token) > _LONGEST:
            raise _bad_token()
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = self.keyring.keys.get(kid) if isinstance(kid, str) else None
            if key is None:
                raise _bad_token()
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=AUDIENCE,
                options={"require": ["exp", "iat", "sub", "iss", "aud"]},
            )
        except (jwt.InvalidTokenError, ValueError):
            raise _bad_token() from None
        member_id, session_id, roles = claims["sub"], claims.get("sid"), claims.get("roles")
        if not (isinstance(session_id, str) and is_id(member_id) and is_id(session_id) and isinstance(roles, list)):
            raise _bad_token()
        return Caller(member_id, session_id, frozenset(map(str, roles))), float(claims["exp"])


_bearer: Final = HTTPBearer(auto_error=False, bearerFormat="JWT", description="An access token of `POST /v1/sessions`.")
_Documented = Annotated[object, Depends(_bearer)]


async def _viewer(request: Request) -> Caller | None:
    header = request.headers.get("Authorization")
    if header is None:
        return None
    identity: Identity = request.app.state.identity
    return await identity.bearer(header)


async def _member(_: _Documented, viewer: Annotated[Caller | None, Depends(_viewer)]) -> Caller:
    if viewer is None:
        raise Unauthenticated("unauthenticated", "Please log in.")
    return viewer


def _holder(role: Role) -> Callable[..., Coroutine[Any, Any, Caller]]:
    async def check(caller: Annotated[Caller, Depends(_member)]) -> Caller:
        if role not in caller.roles:
            raise Forbidden("forbidden", f"That is for those who have the role {role}.")
        return caller

    return check


Viewer = Annotated[Caller | None, Depends(_viewer)]
"""Whoever is calling; None for someone who is not logged in. A bad token is refused even where none is needed."""

Member = Annotated[Caller, Depends(_member)]
"""Whoever is calling, who has to be logged in."""

Analyst = Annotated[Caller, Depends(_holder(Role.ANALYST))]
"""Whoever is calling, who has to be an analyst."""

Moderator = Annotated[Caller, Depends(_holder(Role.MODERATOR))]
"""Whoever is calling, who has to be a moderator."""

Operator = Annotated[Caller, Depends(_holder(Role.OPERATOR))]
"""Whoever is calling, who has to be an operator."""


def _bad_token() -> Unauthenticated:
    return Unauthenticated("bad_token", "That access token does not count (any more).")
