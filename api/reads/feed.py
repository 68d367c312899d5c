"""The home feed: photos of mine and of those I follow, newest first."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api.bodies import JsonRoute
from api.caching import FEED, shown
from api.documents import read
from api.identity import Member
from api.paging import Paged, body, fill
from api.ports import Now, Reads
from api.positions import fresh
from api.shapes import examples
from api.shapes import photos as shapes
from api.showing.photos import MODELS, Hydrated, hydrate, present
from api.showing.shown import Shown, bodies, versions
from domain.ids import PhotoId
from domain.visibility import belongs_in_feed
from projections.ports import Reached
from projections.timelines import TimelineRow

Fresh = Annotated[Reached, Depends(fresh(*MODELS, "timelines"))]


class Order(StrEnum):
    """How the feed is ordered."""

    LATEST = "latest"


def routes(reads: Reads, now: Now) -> APIRouter:
    """The home feed."""
    router = APIRouter(route_class=JsonRoute)

    @router.get("/v1/feed", **read("My home feed", "feed", shapes.Photos, examples.PHOTOS, 422))
    async def feed(
        request: Request,
        caller: Member,
        at: Fresh,
        page: Paged,
        order: Annotated[Order, Query(description="How the feed is ordered.")] = Order.LATEST,
    ) -> Response:
        """Every photo of mine and of those I follow that I may see."""
        me = caller.member_id
        scope = ("feed", order.value, me)

        async def fetch(key: list[Any] | None, limit: int) -> Sequence[TimelineRow]:
            return await reads.timelines.page(me, before=key[0] if key else None, limit=limit)

        async def choose(rows: Sequence[TimelineRow]) -> list[Shown | None]:
            known = await hydrate(reads, me, (row.photo_id for row in rows))
            return [present(known, row.photo_id, reads, now) if belongs(known, row.photo_id) else None for row in rows]

        filled = await fill(
            page.limit, page.after(*scope), fetch=fetch, key_of=lambda row: [row.photo_id], choose=choose
        )
        told = body(page, filled, bodies(filled.items), *scope)
        return shown(request, at, told, (*versions(filled.items), filled.key), cache=FEED)

    return router


def belongs(known: Hydrated, photo_id: PhotoId) -> bool:
    """Whether a photo is in the viewer's feed now: their own, and those of members whom they follow and don't mute."""
    state = known.states.get(photo_id)
    return (
        state is not None and known.viewer is not None and belongs_in_feed(known.viewer, state, known.relation(state))
    )
