"""What every request goes through: HEAD as GET without a body, a limit on bodies, a problem for every fault."""

import math
from http import HTTPStatus
from typing import Final

import structlog
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import internal
from api.links import masked
from api.problems import Problem, respond

OBJECTS: Final = "/v1/objects/"
"""Under this, bodies are files: they have limits of their own, and HEAD is answered by the route itself."""

_DIGITS: Final = 20
_DRAINED_MOST: Final = 64 * 1024 * 1024

_log = structlog.get_logger(__name__)


class Heads:
    """HEAD works wherever GET does: the same status and headers, no body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD" or scope["path"].startswith(OBJECTS):
            await self._app(scope, receive, send)
            return

        async def headless(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"}, receive, headless)


class BodyLimit:
    """Bodies of more bytes are 413 `too_large`, announced or not."""

    def __init__(self, app: ASGIApp, *, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        if scope["type"] != "http" or scope["path"].startswith(OBJECTS):
            await self._app(scope, receive, send)
            return
        if _length(Headers(scope=scope).get("Content-Length", "0")) > self._most:
            await respond(self._problem())(scope, receive, send)
            return
        count = 0

        async def counted() -> Message:
            nonlocal count
            message = await receive()
            count += len(message.get("body", b""))
            if count > self._most:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, headers={"Connection": "close"})
            return message

        await self._app(scope, counted, send)

    def _problem(self) -> Problem:
        return Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "too_large",
            f"The body may have {self._most} bytes.",
            headers={"Connection": "close"},
        )


def _length(announced: str) -> float:
    """What a Content-Length says; endless where it says nothing that could be true."""
    return int(announced) if announced.isascii() and announced.isdecimal() and len(announced) < _DIGITS else math.inf


class Drained:
    """A refusal waits for the rest of the body: a connection closed under a client's sending would lose the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        if not ("Content-Length" in headers or "Transfer-Encoding" in headers) or "Expect" in headers:
            await self._app(scope, receive, send)
            return
        count = 0
        over = False

        async def counted() -> Message:
            nonlocal count, over
            message = await receive()
            count += len(message.get("body", b""))
            over = not message.get("more_body", False)
            return message

        async def patient(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= HTTPStatus.BAD_REQUEST:
                while not over and count < _DRAINED_MOST:
                    await counted()
            await send(message)

        await self._app(scope, counted, patient)


class Faults:
    """What nobody foresaw is logged, and answered as a problem that tells nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def noted(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception:
            _log.exception("request failed", method=scope["method"], path=masked(scope["path"]))
            if started:
                raise
            await respond(internal())(scope, receive, send)
