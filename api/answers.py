"""Answers of commands: JSON by orjson, times with milliseconds, and how far the event log reached."""

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api.positions import Positions
from domain.positions import merge

JSON: Final = "application/json"
PENDING: Final = {"effect": "pending"}
"""What is told of a command that is recorded, while the read store could not take at once what it restricts."""


def stamp(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds."""
    utc = at.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def stamp_or_none(at: datetime | None) -> str | None:
    """The same, where there may be no time."""
    return None if at is None else stamp(at)


def dump(value: Any) -> bytes:
    """JSON in UTF-8."""
    return orjson.dumps(value)


def done(
    request: Request,
    reached: Mapping[int, int],
    covered: Mapping[int, int],
    *,
    status: int = HTTPStatus.OK,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """What a successful command answers; its position covers what the request brought along too."""
    positions: Positions = request.app.state.positions
    told = {
        "X-Position": positions.token(merge((reached, covered))),
        "Cache-Control": "no-store",
        "Vary": "Authorization",
        **(headers or {}),
    }
    if status == HTTPStatus.NO_CONTENT:
        return Response(status_code=status, headers=told)
    return Response(body if isinstance(body, bytes) else dump(body), status, told, JSON)


def taken_away(request: Request, reached: Mapping[int, int], covered: Mapping[int, int], *, pending: bool) -> Response:
    """204, or 202 while the effect is pending."""
    if pending:
        return done(request, reached, covered, status=HTTPStatus.ACCEPTED, body=PENDING)
    return done(request, reached, covered, status=HTTPStatus.NO_CONTENT)
