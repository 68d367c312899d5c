"""Moderation: what was reported, for moderators."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.answers import stamp
from api.bodies import JsonRoute
from api.caching import shown
from api.documents import read
from api.identity import Moderator
from api.paging import Paged, body, fill
from api.ports import Reads
from api.positions import fresh
from api.shapes import examples
from api.shapes import moderation as shapes
from api.showing.members import card
from api.showing.shown import Shown, bodies, versions
from domain.moderation import COMMENT, MEMBER, PHOTO
from projections.ports import Reached
from projections.reports import ReportRow

Fresh = Annotated[Reached, Depends(fresh("visibility", "profiles", "reports"))]


def routes(reads: Reads) -> APIRouter:
    """What was reported."""
    router = APIRouter(route_class=JsonRoute)

    @router.get(
        "/v1/moderation/reports",
        **read("Reports", "moderation", shapes.Reports, examples.REPORTS, 403, 422),
    )
    async def reports(request: Request, _: Moderator, at: Fresh, page: Paged) -> Response:
        """What members reported, newest first, and whether it is taken down; for moderators."""

        async def fetch(key: list[Any] | None, limit: int) -> Sequence[ReportRow]:
            return await reads.reports.page(before=key[0] if key else None, limit=limit)

        async def choose(rows: Sequence[ReportRow]) -> list[Shown]:
            return await _shown(reads, rows)

        filled = await fill(
            page.limit, page.after("reports"), fetch=fetch, key_of=lambda row: [row.report_id], choose=choose
        )
        told = body(page, filled, bodies(filled.items), "reports")
        return shown(request, at, told, (*versions(filled.items), filled.key))

    return router


async def _shown(reads: Reads, rows: Sequence[ReportRow]) -> list[Shown]:
    def ids(kind: str) -> list[str]:
        parts = (row.subject.partition(":") for row in rows)
        return list(dict.fromkeys(identifier for named, _, identifier in parts if named == kind))

    photos, members, gone, reporters = await asyncio.gather(
        reads.sight.photos(ids(PHOTO)),
        reads.sight.members(ids(MEMBER)),
        reads.sight.gone_comments(ids(COMMENT)),
        reads.profiles.by_ids(dict.fromkeys(row.reporter_id for row in rows)),
    )
    down = {f"{PHOTO}:{photo_id}" for photo_id, state in photos.items() if state.taken_down}
    down |= {f"{MEMBER}:{member_id}" for member_id, state in members.items() if state.taken_down}
    down |= {f"{COMMENT}:{comment_id}" for comment_id in gone}

    def one(row: ReportRow) -> Shown:
        reporter = card(reporters.get(row.reporter_id))
        body = {
            "report_id": row.report_id,
            "subject": row.subject,
            "reason": row.reason,
            "created_at": stamp(row.created_at),
            "reporter": reporter.body,
            "taken_down": row.subject in down,
        }
        return Shown(body, (row.report_id, row.subject in down, reporter.version))

    return [one(row) for row in rows]
