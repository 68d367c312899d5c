"""Notifications: what one is told of, and how much of it is new."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api import caching
from api.bodies import JsonRoute
from api.documents import read
from api.identity import Member
from api.paging import Paged, body, fill
from api.ports import Reads
from api.positions import fresh
from api.shapes import examples
from api.shapes import notifications as shapes
from api.showing.members import not_found
from api.showing.notifications import MODELS, newest, shown
from api.showing.shown import Shown, bodies, versions
from domain.ids import MemberId
from projections.notifications import NoticeRow
from projections.ports import Reached, Upto
from projections.profiles import ProfileRow

Fresh = Annotated[Reached, Depends(fresh(*MODELS))]
_PAGE: Final = 100
_PAGES: Final = 20


def routes(reads: Reads) -> APIRouter:
    """What one is told of."""
    router = APIRouter(route_class=JsonRoute)

    @router.get(
        "/v1/notifications",
        **read("My notifications", "notifications", shapes.Notifications, examples.NOTIFICATIONS, 404, 422),
    )
    async def mine(request: Request, caller: Member, at: Fresh, page: Paged) -> Response:
        """Grouped by what they are about, newest first; gone when that is gone, silent about those one muted."""
        me, seen = await _me(reads, caller.member_id), await reads.notifications.seen(caller.member_id)
        scope = ("notifications", me.member_id)

        async def fetch(key: list[Any] | None, limit: int) -> Sequence[NoticeRow]:
            before = None if key is None else Upto(datetime.fromisoformat(key[0]), key[1], key[2])
            return await newest(reads, me, before, limit)

        async def choose(rows: Sequence[NoticeRow]) -> list[Shown | None]:
            return await shown(reads, me, rows, seen)

        filled = await fill(
            page.limit,
            page.after(*scope),
            fetch=fetch,
            key_of=lambda row: [row.at.isoformat(), row.kind, row.subject],
            choose=choose,
        )
        told = body(page, filled, bodies(filled.items), *scope)
        return caching.shown(request, at, told, (*versions(filled.items), filled.key))

    @router.get(
        "/v1/notifications/unread-count",
        **read("How many are new", "notifications", shapes.Unread, {"count": 3}, 404),
    )
    async def unread(request: Request, caller: Member, at: Fresh) -> Response:
        """Those that came after the last `seen`; counted up to 2,000."""
        count = await _unread(reads, await _me(reads, caller.member_id))
        return caching.shown(request, at, {"count": count}, [count])

    return router


async def _me(reads: Reads, member_id: MemberId) -> ProfileRow:
    profile = (await reads.profiles.by_ids([member_id])).get(member_id)
    if profile is None:
        raise not_found()
    return profile


async def _unread(reads: Reads, me: ProfileRow) -> int:
    seen, before, count = await reads.notifications.seen(me.member_id), None, 0
    for _ in range(_PAGES):
        page = await newest(reads, me, before, _PAGE)
        rows = [row for row in page if seen is None or row.at > seen]
        count += sum(each is not None for each in await shown(reads, me, rows, seen)) if rows else 0
        if len(rows) < _PAGE:
            break
        before = Upto(rows[-1].at, rows[-1].kind, rows[-1].subject)
    return count
