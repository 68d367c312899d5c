"""Shares: the links that one has out."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.answers import stamp, stamp_or_none
from api.bodies import JsonRoute
from api.caching import shown
from api.documents import read
from api.identity import Member
from api.links import Links
from api.paging import Paged, body, fill
from api.ports import Reads
from api.positions import fresh
from api.shapes import examples
from api.shapes import shares as shapes
from api.showing.shown import Shown, bodies, versions
from domain.shares import ALBUM, PHOTO
from projections.ports import Reached
from projections.shares import ShareRow

Fresh = Annotated[Reached, Depends(fresh("shares"))]


def routes(reads: Reads, links: Links) -> APIRouter:
    """The links that one has out."""
    router = APIRouter(route_class=JsonRoute)

    @router.get("/v1/me/shares", **read("My links", "shares", shapes.Shares, examples.SHARES, 422))
    async def mine(request: Request, caller: Member, at: Fresh, page: Paged) -> Response:
        """Those that were not taken back, expired ones too, newest first, with how often each was followed."""
        scope = ("shares", caller.member_id)

        async def fetch(key: list[Any] | None, limit: int) -> Sequence[ShareRow]:
            return await reads.shares.of(caller.member_id, before=key[0] if key else None, limit=limit)

        async def choose(rows: Sequence[ShareRow]) -> list[Shown]:
            views = await reads.share_views.read([row.share_id for row in rows])
            return [_present(row, None if views is None else views.get(row.share_id, 0), links) for row in rows]

        filled = await fill(
            page.limit, page.after(*scope), fetch=fetch, key_of=lambda row: [row.share_id], choose=choose
        )
        told = body(page, filled, bodies(filled.items), *scope)
        return shown(request, at, told, (*versions(filled.items), filled.key))

    return router


def _present(row: ShareRow, views: int | None, links: Links) -> Shown:
    kind, _, subject_id = row.subject.partition(":")
    body = {
        "share_id": row.share_id,
        "url": links.share(row.share_id),
        "photo_id": subject_id if kind == PHOTO else None,
        "album_id": subject_id if kind == ALBUM else None,
        "expires_at": stamp_or_none(row.expires_at),
        "has_password": row.protected,
        "show_metadata": row.show_metadata,
        "created_at": stamp(row.created_at),
        "counts": {"views": views},
    }
    return Shown(body, (row.share_id, views))
