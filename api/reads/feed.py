"""The home feed: photos of mine and of those I follow, newest first."""

from collections.abc import Sequence
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
from api.reads.home import SKELETON_MODELS, Order, Place, belongs, skeleton
from api.shapes import examples
from api.shapes import photos as shapes
from api.showing.photos import MODELS, hydrate, present
from api.showing.shown import Shown, bodies, versions
from projections.ports import Reached

Fresh = Annotated[Reached, Depends(fresh(*MODELS, *SKELETON_MODELS))]


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

        async def fetch(key: list[Any] | None, limit: int) -> Sequence[Place]:
            return await skeleton(reads, me, order, key, limit)

        async def choose(places: Sequence[Place]) -> list[Shown | None]:
            known = await hydrate(reads, me, (place.photo_id for place in places))
            return [present(known, place.photo_id, reads, now) if belongs(known, place) else None for place in places]

        filled = await fill(page.limit, page.after(*scope), fetch=fetch, key_of=lambda place: place.key, choose=choose)
        told = body(page, filled, bodies(filled.items), *scope)
        return shown(request, at, told, (*versions(filled.items), filled.key), cache=FEED)

    return router
