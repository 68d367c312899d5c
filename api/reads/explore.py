"""Explore: public photos of the week from members whom one doesn't follow, the best first, each page with many authors.

Everyone who begins within a few seconds walks through the same list, which is kept in chunks under a name of its own;
a cursor says where in it one is, and which photos were passed over because their author had three on a page. A chunk
that nobody has come to yet is the best of what is not in the chunks before it. So no photo comes twice and none is
skipped, however much is liked and published meanwhile.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import accumulate, pairwise
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.boards import EXPLORED, Board, Boards, by_score
from api.boards import MODELS as BOARD_MODELS
from api.bodies import JsonRoute
from api.caching import shown
from api.documents import read
from api.identity import Viewer
from api.paging import REFILLS, Filled, Paged, body
from api.ports import Now, Reads
from api.positions import Covered, fresh
from api.problems import Problem
from api.shapes import examples
from api.shapes import photos as shapes
from api.showing.photos import MODELS, Hydrated, hydrate, present
from api.showing.shown import Shown, bodies, versions
from api.showing.sighted import is_open
from domain.ids import MemberId, PhotoId
from projections.ports import Reached

PER_AUTHOR: Final = 3
CHUNK: Final = 500
"""Photos of a list that are chosen, and kept, at once."""
_PASSED: Final = 500
"""So many photos that were passed over can be carried in a cursor."""

Fresh = Annotated[Reached, Depends(fresh(*MODELS, *BOARD_MODELS))]


def routes(reads: Reads, now: Now, boards: Boards) -> APIRouter:
    """Explore."""
    router = APIRouter(route_class=JsonRoute)

    @router.get("/v1/explore", **read("Photos to discover", "discovery", shapes.Photos, examples.PHOTOS, 422))
    async def explore(request: Request, viewer: Viewer, at: Fresh, wanted: Covered, page: Paged) -> Response:
        """Public photos of seven days by `(1 + likes + 2·comments) · 2^(−age_hours / 24)`, three of an author a page.

        Not one's own, nor those of members whom one follows or blocks.
        """
        me = viewer and viewer.member_id
        scope = ("explore", me or "")
        held = page.after(*scope)
        if held is None:
            board = await boards.explore(CHUNK, wanted)
            walk, place = _Walk(reads, boards, board.name, {0: board}), _Place(0, [])
        else:
            walk, place = _Walk(reads, boards, held[0], {}), _Place(held[1], list(accumulate(held[2])))
            if await walk.chunk(0) is None:
                raise Problem(HTTPStatus.BAD_REQUEST, "cursor_invalid", "That cursor is past its time.")
        found, left = await _page(walk, place, reads, now, me, page.limit)
        key: list[Any] | None = None
        if left is not None:
            await walk.keep()
            steps = [after - before for before, after in pairwise([0, *left.passed])]
            key = [walk.name, left.at, steps]
        filled: Filled[Shown] = Filled(found, key)
        told = body(page, filled, bodies(found), *scope)
        return shown(request, at, told, (*versions(found), key is None))

    return router


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one is in a list, and the places before that still have to be shown."""

    at: int
    passed: Sequence[int]


@dataclass(frozen=True, slots=True)
class _Walk:
    """A list under its name, and the chunks of it that are at hand."""

    reads: Reads
    boards: Boards
    name: str
    known: dict[int, Board] = field(default_factory=dict)

    async def photos(self, places: Sequence[int]) -> list[PhotoId]:
        """The photos at some places, in their order; the list may end before the last of them."""
        found = []
        for place in places:
            chunk = await self._chunk_or_new(place // CHUNK)
            if place % CHUNK >= len(chunk.photos):
                break
            found.append(chunk.photos[place % CHUNK])
        return found

    async def chunk(self, number: int) -> Board | None:
        """A chunk that was chosen before; one that is not full is the last."""
        if number not in self.known:
            photos = await self.reads.walks.kept(self.name, number)
            if photos is None:
                return None
            self.known[number] = Board(tuple(photos), whole=len(photos) < CHUNK)
        return self.known[number]

    async def keep(self) -> None:
        """Keep the beginning of the list, for the one who gets a cursor into it."""
        await self.reads.walks.keep(self.name, 0, self.known[0].photos)

    async def _chunk_or_new(self, number: int) -> Board:
        known = await self.chunk(number)
        if known is not None:
            return known
        before: set[PhotoId] = set()
        for earlier in range(number):
            chunk = await self._chunk_or_new(earlier)
            if len(chunk.photos) < CHUNK:
                return Board((), whole=True)
            before.update(chunk.photos)
        made = await self.boards.best(EXPLORED, by_score, CHUNK, before)
        kept = await self.reads.walks.keep(self.name, number, made.photos)
        self.known[number] = Board(tuple(kept), whole=len(kept) < CHUNK)
        return self.known[number]


async def _page(
    walk: _Walk, place: _Place, reads: Reads, now: Now, viewer: MemberId | None, limit: int
) -> tuple[list[Shown], _Place | None]:
    """What is shown from a place on, and the place behind it; None where nothing more exists."""
    found: list[Shown] = []
    authors: Counter[MemberId] = Counter()
    waiting, at = list(place.passed), place.at
    passed: list[int] = []
    for _ in range(REFILLS + 1):
        count = max(limit + 1, 50)
        new = max(count - len(waiting), 0)
        old, waiting = waiting[:count], waiting[count:]
        places = [*old, *range(at, at + new)]
        photos = await walk.photos(places)
        known = await hydrate(reads, viewer, photos)
        for number, photo in enumerate(photos):
            state = known.visible(photo)
            if state is None or not is_open(state) or not _stranger(known, state.owner_id):
                continue
            if len(found) == limit:
                return found, _Place(max(at, places[number]), sorted([*passed, *old[number:], *waiting]))
            if authors[state.owner_id] == PER_AUTHOR:
                passed.append(places[number])
                continue
            item = present(known, photo, reads, now)
            if item is not None:
                authors[state.owner_id] += 1
                found.append(item)
        if len(photos) < len(places):
            return found, _Place(at + len(photos) - len(old), sorted(passed)) if passed else None
        at += new
        if len(passed) + len(waiting) >= _PASSED:
            break
    return found, _Place(at, sorted([*passed, *waiting]))


def _stranger(known: Hydrated, owner_id: MemberId) -> bool:
    """Whether a member is new to the viewer: not themselves, nor one whom they follow or block."""
    relation = known.relations.get(owner_id)
    return owner_id != known.viewer and (relation is None or not (relation.following or relation.apart))
