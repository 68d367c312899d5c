"""Answers at once, before everything else that a request goes through.

Most of what stands between a socket and a route is there for the unusual: bodies, faults, limits of time. A read whose
answer is at hand whole needs none of it. So a plain GET of such a route is answered here, with the same headers and in
the same metrics; whatever is not plain, or not at hand, goes the whole way as if this were not there.
"""

import time
from collections.abc import Iterable
from typing import Final

from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from api.guarding import NOSNIFF
from api.metrics import Metrics
from api.shortcut import Asks, AtOnce, HotRoute
from api.tracing import trace_of

_UNUSUAL: Final = frozenset({b"content-length", b"transfer-encoding", b"expect", b"origin"})
"""Headers that something on the whole way looks at."""


class Express:
    """The first that is asked; only right where reads are not counted against a limit."""

    def __init__(self, app: ASGIApp, *, routes: Iterable[BaseRoute], metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._at_once: dict[str, AtOnce] = {
            route.path: route.at_once for route in routes if isinstance(route, HotRoute) and route.at_once is not None
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"] in self._at_once:
            began = time.perf_counter()
            path, headers = scope["path"], dict(scope["headers"])
            if _UNUSUAL.isdisjoint(headers):
                told = self._at_once[path](Asks(scope))
                if told is not None:
                    parent, given = headers.get(b"traceparent", b""), headers.get(b"x-request-id", b"")
                    trace = trace_of(parent.decode("latin-1"), given.decode("latin-1"))
                    told.headers.append(NOSNIFF)
                    told.headers.append((b"x-request-id", trace.request_id.encode()))
                    await send({"type": "http.response.start", "status": told.status, "headers": told.headers})
                    await send({"type": "http.response.body", "body": told.body})
                    self._metrics.observe("GET", path, told.status, time.perf_counter() - began)
                    return
        await self._app(scope, receive, send)
