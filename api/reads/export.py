"""Export: everything that one did, as JSON lines, and links to one's originals."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from api.answers import dump, stamp
from api.bodies import JsonRoute
from api.documents import plain
from api.identity import Member
from api.ports import Now, OwnEvents, Reads
from api.positions import Positions
from api.shapes import examples
from api.telling import told
from domain.events import PhotoUploaded, event_type
from domain.positions import merge
from domain.recorded import Recorded
from domain.wire import schema_version

LINES: Final = "application/x-ndjson"
_SECRET: Final = frozenset({"password_hash", "refresh_hash"})
_SIGNED_FOR: Final = timedelta(minutes=15)

Since = Annotated[
    str | None,
    Query(max_length=16_384, description="Only what was recorded after this: the `X-Position` of the last export."),
]


def routes(reads: Reads, events: OwnEvents, now: Now) -> APIRouter:
    """Everything that one did."""
    router = APIRouter(route_class=JsonRoute)

    @router.get(
        "/v1/me/export",
        **plain(
            "Everything that I did",
            "members",
            errors=(400, 401, 422, 429, 503),
            content=LINES,
            example=dump(examples.OWN_EVENT).decode() + "\n",
        ),
    )
    async def export(request: Request, caller: Member, since: Since = None) -> Response:
        """My own events, in order within a log; `X-Position` is what to give as `since` the next time."""
        positions: Positions = request.app.state.positions
        start, end = positions.read(since), await events.heads()

        async def lines() -> AsyncIterator[bytes]:
            async for fact in events.of(caller.member_id, start, end):
                yield dump(_line(fact, positions, reads, now)) + b"\n"

        headers = {
            "X-Position": positions.token(merge((end, start))),
            "X-Projection-Lag-Ms": "0",
            "Cache-Control": "no-store",
            "Vary": "Authorization",
            "Content-Disposition": 'attachment; filename="filmroll-export.jsonl"',
        }
        return StreamingResponse(lines(), headers=headers, media_type=LINES)

    return router


def _line(fact: Recorded, positions: Positions, reads: Reads, now: Now) -> Mapping[str, Any]:
    name = event_type(fact.event).name
    line = {
        "position": positions.token({fact.position.log: fact.position.number}),
        "event_type": name,
        "schema_version": schema_version(name),
        "recorded_at": stamp(fact.recorded_at),
        "data": told(fact.event, but=_SECRET),
    }
    if isinstance(fact.event, PhotoUploaded):
        line["original"] = reads.files.signed_url(fact.event.object_key, now() + _SIGNED_FOR)
    return line
