"""Metrics for Prometheus: how long requests take by route, and how far read models lag behind."""

import math
import time
from collections.abc import Iterable, Sequence
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client.registry import Collector
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from commands.errors import Unavailable
from projections.ports import Progress
from projections.stores import NoLiveModelError

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_UNMATCHED: Final = "-"


class Metrics:
    """One registry for one application."""

    def __init__(self, more: Iterable[Collector] = ()) -> None:
        self._registry = CollectorRegistry()
        for collector in more:
            self._registry.register(collector)
        self._requests = Histogram(
            "filmroll_http_request_seconds",
            "Time from a request's first byte to its answer's last, by route.",
            ("method", "route", "status"),
            registry=self._registry,
            buckets=_BUCKETS,
        )
        self._series: dict[tuple[str, str, int], Histogram] = {}
        self._lag = Gauge(
            "filmroll_projection_lag_seconds",
            "Age of the oldest event that a read model has not applied yet.",
            ("projection",),
            registry=self._registry,
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note one request."""
        series = self._series.get((method, route, status))
        if series is None:
            series = self._series[method, route, status] = self._requests.labels(method, route, str(status))
        series.observe(seconds)

    async def render(self, progress: Progress, names: Sequence[str]) -> Response:
        """Everything as Prometheus reads it: the application's own, and what its process measures (of servers away, say)."""
        for name in names:
            self._lag.labels(name).set(await _lag_s(progress, name))
        measured = generate_latest(self._registry) + generate_latest(REGISTRY)
        return Response(measured, media_type=CONTENT_TYPE_LATEST)


class Measured:
    """Notes every request under the template of its route."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        own = {**scope}
        try:
            await self._app(own, receive, noted)
        finally:
            route = getattr(own.get("route"), "path", _UNMATCHED)
            self._metrics.observe(_method(scope["method"]), route, status, time.perf_counter() - start)


async def _lag_s(progress: Progress, name: str) -> float:
    """Not a number where it can't be told: what is down must not hide how the rest is."""
    try:
        return (await progress.reached([name])).lag_ms / 1000
    except (NoLiveModelError, Unavailable):
        return math.nan


def _method(name: str) -> str:
    """Methods that HTTP knows; a client's inventions would make endless series."""
    return name if name in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else "OTHER"
