"""What the server says of itself: alive, ready, and measured."""

import asyncio
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from fastapi import APIRouter
from starlette.responses import Response

from api.answers import JSON, dump
from api.documents import plain
from api.metrics import Metrics
from api.ports import Check
from api.problems import Problem
from projections.ports import Progress

CHECK_S = 2.0


def routes(checks: Mapping[str, Check], metrics: Metrics, progress: Progress, names: Sequence[str]) -> APIRouter:
    """Health and metrics; in the cluster they are for the internal port."""
    router = APIRouter()

    @router.get("/healthz", **plain("Alive", "server", content=JSON, example={"status": "alive"}))
    async def alive() -> Response:
        """The process answers."""
        return _said({"status": "alive"})

    @router.get(
        "/readyz", **plain("Ready", "server", errors=(503,), content=JSON, example={"status": "ready", "checks": {}})
    )
    async def ready() -> Response:
        """Everything that requests need can be reached."""
        told = dict(zip(checks, await asyncio.gather(*map(_asked, checks.values())), strict=True))
        failing = sorted(name for name, error in told.items() if error is not None)
        if failing:
            detail = f"Not ready: {', '.join(failing)}."
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "not_ready", detail)
        return _said({"status": "ready", "checks": dict.fromkeys(told, "ok")})

    @router.get(
        "/metrics", **plain("Metrics", "server", content="text/plain", example="# HELP filmroll_http_request_seconds …")
    )
    async def measured() -> Response:
        """For Prometheus."""
        return await metrics.render(progress, names)

    return router


async def _asked(check: Check) -> str | None:
    try:
        async with asyncio.timeout(CHECK_S):
            await check()
    except Exception as error:  # noqa: BLE001 - whatever it is, the dependency is not ready; nothing is hidden by it
        return repr(error)
    return None


def _said(body: object) -> Response:
    return Response(dump(body), headers={"Cache-Control": "no-store"}, media_type=JSON)
