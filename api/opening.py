"""Opening links: whether one leads anywhere, and whether whoever follows it knows its password."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Final, TypeAlias

from starlette.requests import Request

from api.links import Links
from api.ports import Now, Reads
from api.problems import Problem
from api.throttling import Throttle, address_of
from domain.errors import NotFound
from domain.ids import ShareId, time_of
from domain.shares import ShareState, may_open
from domain.visibility import MemberState

_YOUNG: Final = timedelta(seconds=1)
"""So long after it was made a link that is not there, or not any more, is waited for."""
_LOOK_S: Final = 0.05

Matches: TypeAlias = Callable[[str | None, str], Awaitable[bool]]
"""Whether a password made a digest."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What is needed to open links."""

    reads: Reads
    links: Links
    matches: Matches
    now: Now
    throttle: Throttle

    async def open(self, request: Request, token: str, password: str | None) -> ShareState:
        """The link behind a token; 404 where it leads nowhere, 401 without the right password, 429 after many wrong."""
        share_id = self.links.share_of(token)
        share = await self._found(share_id) if share_id else None
        if share is not None:
            owner = (await self.reads.sight.members([share.owner_id])).get(share.owner_id, MemberState(share.owner_id))
            if may_open(share, owner, self.now()):
                if share.password_hash and not await self._right(request, share, password):
                    raise Problem(
                        HTTPStatus.UNAUTHORIZED,
                        "share_password_required",
                        "This link asks for a password, in X-Share-Password.",
                        headers={"WWW-Authenticate": "X-Share-Password"},
                    )
                return share
        raise not_found()

    async def _found(self, share_id: ShareId) -> ShareState | None:
        """What is known of a link; whoever is sent one may be faster than the read models."""
        until = time_of(share_id) + _YOUNG
        while (share := await self.reads.shares.get(share_id)) is None and self.now() < until:  # noqa: ASYNC110 - no read model tells of its rows
            await asyncio.sleep(_LOOK_S)
        return share

    async def _right(self, request: Request, share: ShareState, password: str | None) -> bool:
        """Headers are read as Latin-1; what was sent in UTF-8 is meant so."""
        if not password:
            return False
        said = {password}
        with suppress(UnicodeError):
            said.add(password.encode("latin-1").decode())
        what = f"share:{share.share_id}:{address_of(request.scope)}"
        await self.throttle.check(what)
        if any([await self.matches(share.password_hash, each) for each in sorted(said)]):
            return True
        await self.throttle.wrong(what)
        return False


def not_found() -> NotFound:
    """What is told of a link that leads nowhere (any more)."""
    return NotFound("share_not_found", "There is no such share.")
