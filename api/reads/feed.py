"""The home feed: photos of mine and of those I follow, newest first."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response
from starlette.types import Scope

from api.boards import MODELS as BOARD_MODELS
from api.boards import Boards
from api.caching import FEED
from api.documents import read
from api.identity import Member
from api.paging import Page, Paged, fill
from api.ports import Reads
from api.positions import fresh
from api.reads.home import LATEST_MODELS, RANKED_MODELS, Order, Place, belongs, skeleton
from api.reads.trending import Window, most_stirred
from api.shapes import examples
from api.shapes import photos as shapes
from api.shortcut import Asks, Fixed, Told, hot, paged
from api.showing.photos import MODELS, hydrate
from api.showing.prints import Print, Prints
from domain.ids import MemberId
from projections.ports import Reached

_MODELS: Final = {
    Order.LATEST: (*MODELS, *LATEST_MODELS),
    Order.RANKED: (*MODELS, *RANKED_MODELS, *BOARD_MODELS),
}
_ORDERS: Final = {order.value: order for order in Order}

Fresh = Annotated[Reached, Depends(fresh(*_MODELS[Order.LATEST]))]


def routes(reads: Reads, prints: Prints, boards: Boards) -> APIRouter:
    """The home feed."""
    router = APIRouter(route_class=Fixed)

    async def answer(scope: Scope, asked: Asks, at: Reached, me: MemberId, page: Page, order: Order) -> Told:
        wanted = asked.state.positions.read(asked.min_position) if order is Order.RANKED else {}
        trends = partial(most_stirred, reads, boards, me, Window.DAY, wanted)

        async def fetch(key: list[Any] | None, limit: int) -> Sequence[Place]:
            return await skeleton(reads, me, order, key, limit, trends)

        async def choose(places: Sequence[Place]) -> list[Print | None]:
            known = await hydrate(reads, me, [place.photo_id for place in places])
            return [prints.of(known, place.photo_id) if belongs(known, place) else None for place in places]

        names = ("feed", order.value, me)
        filled = await fill(page.limit, page.after(*names), fetch=fetch, key_of=lambda place: place.key, choose=choose)
        return paged(scope, asked, (_MODELS[order], at), page, filled, *names, cache=FEED)

    @router.get("/v1/feed", **read("My home feed", "feed", shapes.Photos, examples.PHOTOS, 422))
    async def feed(
        request: Request,
        caller: Member,
        at: Fresh,
        page: Paged,
        order: Annotated[Order, Query(description="How the feed is ordered.")] = Order.LATEST,
    ) -> Response:
        """Every photo of mine and of those I follow that I may see."""
        asked = Asks(request.scope)
        if order is not Order.LATEST:
            at = await asked.fresh(_MODELS[order])
        return (await answer(request.scope, asked, at, caller.member_id, page, order)).response()

    @hot(router)
    async def quickly(scope: Scope, asked: Asks) -> Told | None:
        page = asked.page("order")
        if page is None or (order := _ORDERS.get(asked.word("order", Order.LATEST))) is None:
            return None
        caller = await asked.viewer()
        if caller is None:
            return None
        return await answer(scope, asked, await asked.fresh(_MODELS[order]), caller.member_id, page, order)

    return router
