"""Operations: how every build of every read model stands."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.bodies import JsonRoute
from api.caching import shown
from api.documents import read
from api.identity import Operator
from api.ports import BuildStanding, Operations
from api.shapes import examples
from api.shapes import operations as shapes
from projections.ports import Reached


def routes(operations: Operations) -> APIRouter:
    """What operators watch."""
    router = APIRouter(route_class=JsonRoute)

    @router.get(
        "/v1/ops/projections",
        **read("Read models and their builds", "operations", shapes.Builds, examples.BUILDS, 403),
    )
    async def projections(request: Request, _: Operator) -> Response:
        """Every build: what it is for, how far it is behind the event store, how fast it comes on, for operators."""
        items = [_told(each) for each in await operations.standing()]
        at = Reached(await operations.heads(), 0)
        return shown(request, at, {"items": items, "next_cursor": None}, (items,))

    return router


def _told(each: BuildStanding) -> dict[str, Any]:
    return {
        "projection": each.projection,
        "version": each.build,
        "code_version": each.code_version,
        "state": each.state,
        "paused": each.paused,
        "reachable": each.reachable,
        "position": {str(log): number for log, number in sorted(each.positions.items())},
        "lag_events": each.lag_events,
        "lag_ms": each.lag_ms,
        "rate": each.rate,
        "dead_letters": each.dead_letters,
    }
