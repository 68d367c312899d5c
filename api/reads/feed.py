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
from api.reads.home import LATEST_MODELS, RANKED_MODELS, Order, Place, Trends, belongs, skeleton
from api.reads.trending import Window, most_stirred
from api.shapes import examples
from api.shapes import photos as shapes
from api.shortcut import Asks, Fixed, Told, at_once, given, hot, page_of
from api.showing.photos import MODELS, hydrate
from api.showing.prints import Print, Prints
from api.standing import Made, Standing
from domain.ids import MemberId, PhotoId, time_of
from projections.grounds import noting
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
    standing = Standing(reads.now)

    async def answer(scope: Scope, asked: Asks, at: Reached, me: MemberId, page: Page, order: Order) -> Told:
        wanted = asked.state.positions.read(asked.min_position) if order is Order.RANKED else {}
        trends = partial(most_stirred, reads, boards, me, Window.DAY, wanted)
        with noting() as grounds:
            made = await _make(scope["path"], reads, prints, me, page, order, trends)
        if order is Order.LATEST or page.cursor is None:
            standing.keep((me, order, page.limit, page.cursor), made, grounds)
        return given(asked, (_MODELS[order], at), made, cache=FEED)

    def again(asked: Asks, at: Reached, me: MemberId, page: Page, order: Order) -> Told | None:
        """A page that was made before and stands; of an order by rank only the first, the others have theirs fixed."""
        made = standing.get((me, order, page.limit, page.cursor))
        return None if made is None else given(asked, (_MODELS[order], at), made, cache=FEED)

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
        me, at = caller.member_id, await asked.fresh(_MODELS[order])
        return again(asked, at, me, page, order) or await answer(scope, asked, at, me, page, order)

    @at_once(router)
    def known(asked: Asks) -> Told | None:
        page = asked.page()
        caller, at = asked.known_viewer(), asked.recent(_MODELS[Order.LATEST])
        return again(asked, at, caller.member_id, page, Order.LATEST) if page and caller and at else None

    return router


async def _make(
    path: str, reads: Reads, prints: Prints, me: MemberId, page: Page, order: Order, trends: Trends
) -> Made:
    """A page, which is right until its oldest photo leaves the window of timelines: then other lists tell of it."""
    names = ("feed", order.value, me)
    deepest: PhotoId | None = None

    async def fetch(key: list[Any] | None, limit: int) -> Sequence[Place]:
        nonlocal deepest
        places = await skeleton(reads, me, order, key, limit, trends)
        deepest = places[-1].photo_id if places else deepest
        return places

    async def choose(places: Sequence[Place]) -> list[Print | None]:
        known = await hydrate(reads, me, [place.photo_id for place in places])
        return [prints.of(known, place.photo_id) if belongs(known, place) else None for place in places]

    filled = await fill(page.limit, page.after(*names), fetch=fetch, key_of=lambda place: place.key, choose=choose)
    until = None if deepest is None else time_of(deepest) + reads.window
    return page_of(path, page, filled, *names, until=until)
