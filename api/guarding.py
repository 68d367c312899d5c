"""What guards every answer: headers that browsers heed, and a time limit on every request."""

import asyncio
from http import HTTPStatus
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.middleware import OBJECTS
from api.problems import Problem, respond

_LONG: Final = (OBJECTS, "/v1/live", "/v1/me/export", "/v1/events")
"""Under these, answers may take as long as they do."""
NOSNIFF: Final = (b"x-content-type-options", b"nosniff")
_POLICY: Final = "object-src 'none'; base-uri 'none'; frame-ancestors 'none'"


class Guarded:
    """Nobody guesses the type of an answer, shows a page within their own, or learns where a reader comes from."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = NOSNIFF[1].decode()
                if headers.get("Content-Type", "").startswith("text/html"):
                    headers.setdefault("Content-Security-Policy", _POLICY)
                    headers.setdefault("Referrer-Policy", "same-origin")
                    headers["X-Frame-Options"] = "DENY"
            await send(message)

        await self._app(scope, receive, guarded)


class TimeLimit:
    """A request that takes longer is broken off with 503 `timed_out`; what it recorded by then stays recorded."""

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        if scope["type"] != "http" or scope["path"].startswith(_LONG):
            await self._app(scope, receive, send)
            return
        started = False

        async def noted(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            async with asyncio.timeout(self._seconds) as limit:
                await self._app(scope, receive, noted)
        except TimeoutError:
            if started or not limit.expired():
                raise
            problem = Problem(HTTPStatus.SERVICE_UNAVAILABLE, "timed_out", "That took too long; please try again.")
            await respond(problem)(scope, receive, send)
