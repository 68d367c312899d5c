"""Answers of reads: ETag and 304, cache headers, and how fresh the answer is."""

from collections.abc import Iterable
from hashlib import blake2b
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from api.answers import JSON, dump
from api.glances import MOMENT_MS
from api.positions import Positions, asked_position
from projections.ports import Reached

PRIVATE: Final = "private, no-cache"
FEED: Final = "private, max-age=0"
PUBLIC: Final = "public, no-cache"


def etag(versions: Iterable[Any]) -> str:
    """A strong tag over what an answer is made from: ids, document versions, counts, the viewer's part."""
    seen = blake2b(digest_size=16)
    for version in versions:
        seen.update(repr(version).encode("utf-8", "surrogatepass"))
        seen.update(b"\0")
    return f'"{seen.hexdigest()}"'


def matches(header: str | None, tag: str) -> bool:
    """Whether `If-None-Match` names the tag, by the weak comparison (RFC 9110, section 13.1.2)."""
    if header is None:
        return False
    if header.strip() == "*":
        return True
    return tag in (candidate.strip().removeprefix("W/") for candidate in header.split(","))


def shown(
    request: Request,
    reached: Reached,
    body: Any,
    versions: Iterable[Any],
    *,
    cache: str = PRIVATE,
    status: int = HTTPStatus.OK,
    location: str | None = None,
    vary: str = "Authorization",
) -> Response:
    """What a read answers: the body, or 304 where the client has it already."""
    positions: Positions = request.app.state.positions
    tag = etag((request.url.path, *versions))
    met = positions.read(asked_position(request))
    headers = {
        "ETag": tag,
        "Cache-Control": cache,
        "Vary": vary,
        "X-Position": positions.token(reached.positions, reached.lag_ms + MOMENT_MS, met=met),
        "X-Projection-Lag-Ms": str(reached.lag_ms),
    }
    if matches(",".join(request.headers.getlist("If-None-Match")) or None, tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if location is not None:
        return Response(status_code=status, headers={**headers, "Location": location})
    return Response(dump(body), status, headers, JSON)
