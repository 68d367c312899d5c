"""Trending: the public photos of a window of which most was made."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api.boards import MODELS as BOARD_MODELS
from api.boards import Board, Boards
from api.bodies import JsonRoute
from api.caching import shown
from api.documents import read
from api.identity import Viewer
from api.paging import Filled, Paged, body
from api.ports import Now, Reads
from api.positions import Covered, fresh
from api.shapes import examples
from api.shapes import photos as shapes
from api.showing.photos import MODELS, hydrate, present
from api.showing.shown import Shown, bodies, versions
from api.showing.sighted import is_open
from domain.ids import MemberId, PhotoId
from projections.ports import Reached

MOST: Final = 50
PER_AUTHOR: Final = 3
_DEPTH: Final = 200
_DEEPER: Final = 4
_AT_ONCE: Final = 75

Fresh = Annotated[Reached, Depends(fresh(*MODELS, *BOARD_MODELS))]


class Window(StrEnum):
    """When photos were published."""

    HOUR = "1h"
    DAY = "24h"
    WEEK = "7d"

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return {Window.HOUR: timedelta(hours=1), Window.DAY: timedelta(days=1), Window.WEEK: timedelta(days=7)}[self]


def routes(reads: Reads, now: Now, boards: Boards) -> APIRouter:
    """Trending."""
    router = APIRouter(route_class=JsonRoute)

    @router.get("/v1/trending", **read("Trending photos", "discovery", shapes.Photos, examples.PHOTOS, 422))
    async def trending(
        request: Request,
        viewer: Viewer,
        at: Fresh,
        wanted: Covered,
        page: Paged,
        window: Annotated[Window, Query(description="When the photos were published.")] = Window.DAY,
    ) -> Response:
        """The 50 with the most `likes + 2·comments`, the newest among equals, at most three of an author."""
        me = viewer and viewer.member_id
        scope = ("trending", window.value)
        held = page.after(*scope)
        left = held if held is not None else await most_stirred(reads, boards, me, window, wanted)
        items = await _shown(reads, now, me, left[: page.limit])
        # what is left is carried along: however likes come and go, no photo comes twice and none is skipped
        filled: Filled[Shown] = Filled(items, left[page.limit :] or None)
        told = body(page, filled, bodies(items), *scope)
        return shown(request, at, told, (*versions(items), filled.key))

    return router


async def most_stirred(
    reads: Reads, boards: Boards, viewer: MemberId | None, window: Window, wanted: Mapping[int, int]
) -> list[PhotoId]:
    """The ids of what trends for a viewer, in order; at most 50."""
    depth = _DEPTH
    while True:
        board = await boards.trending(window.length, depth, wanted)
        chosen = await _chosen(reads, viewer, board)
        if board.whole or len(chosen) == MOST:
            return chosen
        depth *= _DEEPER


async def _chosen(reads: Reads, viewer: MemberId | None, board: Board) -> list[PhotoId]:
    chosen: list[PhotoId] = []
    authors: Counter[MemberId] = Counter()
    for start in range(0, len(board.photos), _AT_ONCE):
        some = board.photos[start : start + _AT_ONCE]
        known = await hydrate(reads, viewer, some)
        for photo in some:
            state = known.visible(photo)
            if state is not None and is_open(state) and authors[state.owner_id] < PER_AUTHOR:
                authors[state.owner_id] += 1
                chosen.append(photo)
                if len(chosen) == MOST:
                    return chosen
    return chosen


async def _shown(reads: Reads, now: Now, viewer: MemberId | None, photos: list[PhotoId]) -> list[Shown]:
    known = await hydrate(reads, viewer, photos)
    states = ((photo, known.visible(photo)) for photo in photos)
    found = (present(known, photo, reads, now) for photo, state in states if state is not None and is_open(state))
    return [each for each in found if each is not None]
