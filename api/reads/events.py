"""Events: the facts themselves as JSON lines, in the order in which they were recorded."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.answers import dump, stamp
from api.bodies import JsonRoute
from api.documents import plain
from api.identity import Analyst
from api.ports import EventStream, Operations
from api.positions import FLOOR, Positions
from api.problems import Problem
from api.shapes import examples
from api.telling import told
from domain.events import EVENT_TYPES, event_type
from domain.positions import merge
from domain.recorded import Recorded, Unreadable, name_of
from domain.wire import schema_version

LINES: Final = "application/x-ndjson"
MOST: Final = 10_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

After = Annotated[
    str | None,
    Query(
        max_length=16_384,
        description="Events after this one: the `position` of a line, the `X-Position` of an answer, or a time.",
    ),
]
Limit = Annotated[int, Query(ge=1, le=MOST, description="How many lines at most.")]
Types = Annotated[str | None, Query(max_length=16_384, description="Event types, separated by commas; all without.")]
Until = Annotated[
    str | None, Query(max_length=16_384, description="Nothing after this time or position, itself included.")
]


def routes(events: EventStream, operations: Operations) -> APIRouter:
    """The event stream, for analysts."""
    router = APIRouter(route_class=JsonRoute)

    @router.get(
        "/v1/events",
        **plain(
            "Events as JSON lines",
            "analysis",
            errors=(400, 401, 403, 422, 503),
            content=LINES,
            example=dump(examples.EVENT).decode() + "\n",
        ),
    )
    async def lines(
        request: Request,
        _: Analyst,
        after: After = None,
        limit: Limit = 1_000,
        types: Types = None,
        until: Until = None,
    ) -> Response:
        """By the time of recording, and in order within a log; personal fields are null. For analysts.

        Read on with `after`, the `position` of the last line: nothing is passed over, though a line may come again.
        """
        chosen = _chosen(types)
        positions: Positions = request.app.state.positions
        start = {} if after is None else await _cut(events, positions, after)
        through = None if until is None else await _cut(events, positions, until)
        page = await events.page(start, limit=limit, types=chosen, through=through)
        headers = {
            "X-Position": positions.token(await operations.heads()),
            "X-Projection-Lag-Ms": "0",
            "Cache-Control": "no-store",
            "Vary": "Authorization",
        }
        return Response(_lines(page), HTTPStatus.OK, headers, LINES)

    return router


def _chosen(types: str | None) -> frozenset[str] | None:
    if types is None:
        return None
    names = frozenset(name.strip() for name in types.split(","))
    if unknown := names - EVENT_TYPES.keys():
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "event_type_unknown",
            f"No event is called {min(unknown)[:100]!r}; see the catalogue.",
        )
    return names


async def _cut(events: EventStream, positions: Positions, text: str) -> Mapping[int, int]:
    """What a client names: a token of ours, or a time or a position in words."""
    with suppress(Problem):
        reached = positions.read(text)
        floor = reached.pop(FLOOR, None)
        if floor is None:
            return reached
        return merge((await events.cut(stamp(_EPOCH + timedelta(milliseconds=floor))), reached))
    try:
        return await events.cut(text)
    except (ValueError, LookupError):
        raise Problem(
            HTTPStatus.BAD_REQUEST, "position_invalid", "That is neither a time nor a position that was given out here."
        ) from None


def _lines(facts: Iterable[Recorded]) -> bytes:
    return b"".join(dump(_line(fact)) + b"\n" for fact in facts)


def _line(fact: Recorded) -> dict[str, Any]:
    data: dict[str, Any] | None = None
    if not isinstance(fact.event, Unreadable):
        hidden = event_type(fact.event).personal
        data = {**told(fact.event, but=hidden), **dict.fromkeys(hidden)}
    name = name_of(fact)
    return {
        "position": f"{fact.position.log}:{fact.position.number}",
        "event_type": name,
        "schema_version": schema_version(name),
        "stream": fact.stream,
        "recorded_at": stamp(fact.recorded_at),
        "data": data,
    }
