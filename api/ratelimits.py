"""Rate limits: weighted points in a window, per member, or per address for those who are not logged in."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.identity import Identity
from api.middleware import OBJECTS
from api.problems import respond
from api.throttling import Tallies, address_of, too_much

TENTHS: Final[Mapping[str, int]] = {"POST": 30, "PUT": 20, "PATCH": 20, "DELETE": 10, "GET": 1, "HEAD": 1}
"""What a request costs, in tenths of a point: 3 to create, 2 to update, 1 to delete, 0.1 to read."""
_READS: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many points a member, and an address, may spend in a window; 0 sets no limit."""

    member: int = 0
    address: int = 0
    reads: bool = False
    window_s: int = 60


class RateLimits:
    """Counts requests, says what is left, and refuses with 429 what is too much; faults of the server cost nothing."""

    def __init__(self, app: ASGIApp, *, limit: RateLimit, tallies: Tallies, identity: Identity) -> None:
        self._app = app
        self._limit = limit
        self._tallies = tallies
        self._identity = identity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        cost = self._cost(scope)
        key, most = self._who(scope) if cost is not None else ("", 0)
        if cost is None or not most:
            await self._app(scope, receive, send)
            return
        used, left_s = await self._tallies.add(key, cost, window_s=self._limit.window_s)
        told = {
            "X-RateLimit-Limit": str(most),
            "X-RateLimit-Remaining": str(max(0, most - math.ceil(used / 10))),
            "X-RateLimit-Reset": str(left_s),
        }
        if used > 10 * most:
            await self._tallies.add(key, -cost, window_s=self._limit.window_s)
            await respond(too_much(told, left_s))(scope, receive, send)
            return
        refunded = False

        async def refund() -> None:
            nonlocal refunded
            if not refunded:
                refunded = True
                await self._tallies.add(key, -cost, window_s=self._limit.window_s)

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(told)
                if message["status"] >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    await refund()
            await send(message)

        try:
            await self._app(scope, receive, telling)
        except Exception:
            await refund()
            raise

    def _cost(self, scope: Scope) -> int | None:
        """None where nothing is counted."""
        if scope["type"] != "http" or not scope["path"].startswith("/v1/") or scope["path"].startswith(OBJECTS):
            return None
        if scope["method"] in _READS and not self._limit.reads:
            return None
        return TENTHS.get(scope["method"])

    def _who(self, scope: Scope) -> tuple[str, int]:
        member_id = self._identity.holder(Headers(scope=scope).get("Authorization", ""))
        if member_id is not None:
            return f"member:{member_id}", self._limit.member
        return f"address:{address_of(scope)}", self._limit.address
