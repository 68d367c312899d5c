"""Traces: each request has an id, which its events, its log lines and its answer carry."""

import re
import secrets
from contextvars import ContextVar
from typing import Final, NamedTuple

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from commands.ports import Context

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
_NO_TRACE: Final = "0" * 32


class Trace(NamedTuple):
    """The W3C trace that a request belongs to, and its own id."""

    trace_id: str
    request_id: str


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def context() -> Context:
    """Why something is written now: for `commands.ports.Deps.context`; empty outside of a request."""
    trace = _current.get()
    if trace is None:
        return Context()
    return Context(trace_id=trace.trace_id, causation_id=trace.request_id, correlation_id=trace.trace_id)


class Tracing:
    """Takes over `X-Request-Id` and `traceparent`, or makes them, and answers with the id."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request within its trace."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        trace = trace_of(headers.get("traceparent", ""), headers.get("X-Request-Id", ""))
        token = _current.set(trace)

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = trace.request_id
            await send(message)

        try:
            with structlog.contextvars.bound_contextvars(trace_id=trace.trace_id, request_id=trace.request_id):
                await self._app(scope, receive, named)
        finally:
            _current.reset(token)


def trace_of(traceparent: str, given: str) -> Trace:
    """The trace that these headers name; what they don't, or not well, is made."""
    parent = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    trace_id = parent.group(1) if parent and parent.group(1) != _NO_TRACE else secrets.token_hex(16)
    return Trace(trace_id, given if _REQUEST_ID.fullmatch(given) else trace_id)
