"""Boards: the best photos of a window, in order, made from what is counted under its hours and days.

A board is made in a few rounds. Every span gives its photos in the order of what was made of them, so what it holds
back is bounded by the last that it gave; only spans that may still hold something better than the worst of the board
are asked on. So the work depends on how deep one looks, not on how many photos there are.

Who may see what is decided behind a board, at every read. A board may be some seconds old, but never older than a
position that a request asks for.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import nlargest
from secrets import token_urlsafe
from typing import Any, Final, Generic, TypeVar

from api.ports import Now, Reads
from api.positions import covering
from domain.ids import PhotoId, first_id, time_of
from domain.ranking import lasting
from projections.ports import Reached
from projections.trending import Stirred, days, hours

KEPT_S: Final = 5.0
"""How old a board may be."""
MODELS: Final = ("trending", "explore")
"""The read models that boards are made from."""
EXPLORED: Final = timedelta(days=7)
"""How far back explore goes."""

_ROWS: Final = 50
_HOURS_AT_ONCE: Final = 32
_BY_DAY: Final = timedelta(days=2)
"""Windows longer than this go by days."""
_LAST: Final = "~"
"""A text after all ids."""

Key = tuple[float, PhotoId]
"""A photo's weight, and its id: the newer one is the better among equals."""
Weigh = Callable[[int, datetime], float]
"""The weight of a photo, from what was made of it and when it was published; it rises with either."""

T = TypeVar("T")


def by_interest(interest: int, published: datetime) -> float:
    """As trending weighs."""
    del published
    return float(interest)


def by_score(interest: int, published: datetime) -> float:
    """As explore weighs: the order of scores, whenever one looks."""
    return lasting(interest, 0, published)


@dataclass(frozen=True, slots=True)
class Board:
    """The best photos of a window, the best first; `whole` where the window holds no more; under a name of its own."""

    photos: tuple[PhotoId, ...]
    whole: bool
    name: str = field(default_factory=lambda: token_urlsafe(9))


@dataclass(frozen=True, slots=True)
class _Made(Generic[T]):
    value: T
    at: float
    clock: datetime
    reached: Reached


class Kept(Generic[T]):
    """What is made at most every few seconds, by one caller for all who wait, and again for who asks for more."""

    def __init__(self, reads: Reads, now: Now, models: Sequence[str], *, kept_s: float) -> None:
        self._reads = reads
        self._now = now
        self._models = models
        self._kept_s = kept_s
        self._made: dict[Hashable, _Made[T]] = {}
        self._turns: dict[Hashable, asyncio.Lock] = {}

    async def get(self, key: Hashable, wanted: Mapping[int, int], make: Callable[[], Awaitable[T]]) -> T:
        """What was made under a key, young enough and as far as the positions that are wanted."""
        async with self._turns.setdefault(key, asyncio.Lock()):
            clock = asyncio.get_running_loop().time
            known = self._made.get(key)
            if known and clock() - known.at < self._kept_s and covering(known.reached, known.clock, wanted):
                return known.value
            began, at = self._now(), clock()
            reached = await self._reads.progress.reached(self._models)
            made = _Made(await make(), at, began, reached)
            self._forget(at)
            self._made[key] = made
            return made.value

    def _forget(self, at: float) -> None:
        for key in [key for key, made in self._made.items() if at - made.at >= self._kept_s]:
            del self._made[key]
            turn = self._turns.get(key)
            if turn is not None and not turn.locked():
                del self._turns[key]


class Boards:
    """The boards of an installation."""

    def __init__(self, reads: Reads, now: Now) -> None:
        self._reads = reads
        self._now = now
        self._kept: Kept[Board] = Kept(reads, now, MODELS, kept_s=KEPT_S)

    async def trending(self, window: timedelta, depth: int, wanted: Mapping[int, int]) -> Board:
        """The photos of a window by what was made of them."""
        return await self._kept.get((window, depth), wanted, lambda: self.best(window, by_interest, depth))

    async def explore(self, depth: int, wanted: Mapping[int, int]) -> Board:
        """The photos of seven days by their score."""
        return await self._kept.get(("explore", depth), wanted, lambda: self.best(EXPLORED, by_score, depth))

    async def best(
        self, window: timedelta, weigh: Weigh, depth: int, without: AbstractSet[PhotoId] = frozenset()
    ) -> Board:
        """The best photos of a window, made now; the ones `without` which are left out don't count for the depth."""
        end = self._now()
        search = _Search(self._reads, end - window, end, weigh, depth, without)
        return await search.run()


@dataclass(slots=True)
class _Source:
    """The photos of a span, as far as they were read: where to go on, and the bound of what is still to come."""

    end: datetime
    place: Any = None
    bound: Key | None = (float("inf"), _LAST)


@dataclass(slots=True)
class _Search:
    """One search for the best of a window."""

    reads: Reads
    start: datetime
    end: datetime
    weigh: Weigh
    depth: int
    without: AbstractSet[PhotoId]
    found: dict[PhotoId, float] = field(default_factory=dict)

    async def run(self) -> Board:
        """Round by round, until nothing better can come."""
        spans = days if self.end - self.start > _BY_DAY else hours
        length = timedelta(days=1) if spans is days else timedelta(hours=1)
        stirred = {name: _Source(_end(name, length)) for name in spans(self.start, self.end)}
        public = {name: _Source(_end(name, timedelta(hours=1))) for name in hours(self.start, self.end)}
        for source in public.values():
            source.bound = (self.weigh(0, source.end), _LAST)
        while True:
            best = nlargest(self.depth, ((weight, photo) for photo, weight in self.found.items()))
            least = best[-1] if len(best) == self.depth else None
            due, new = _due(stirred, least), _due(public, least)[:_HOURS_AT_ONCE]
            if not due and not new:
                return Board(tuple(photo for _, photo in best), whole=len(best) < self.depth)
            await asyncio.gather(self._stirred(stirred, due), self._public(public, new))

    async def _stirred(self, sources: Mapping[str, _Source], due: Sequence[str]) -> None:
        if not due:
            return
        pages = await self.reads.trending.top({span: sources[span].place for span in due}, _ROWS)
        for span, page in pages.items():
            source = sources[span]
            for each in page:
                self._enter(each.photo_id, each.interest)
            source.bound = self._behind(page[-1], source.end) if len(page) == _ROWS else None
            source.place = page[-1] if page else None

    async def _public(self, sources: Mapping[str, _Source], due: Sequence[str]) -> None:
        if not due:
            return
        pages = await self.reads.public_photos.newest({hour: sources[hour].place for hour in due}, _ROWS)
        photos = [photo for page in pages.values() for photo in page if photo not in self.found]
        interest = await self.reads.trending.interest(photos)
        for photo in photos:
            self._enter(photo, interest[photo])
        for hour, page in pages.items():
            source = sources[hour]
            source.place = page[-1] if page else None
            source.bound = (self.weigh(0, time_of(page[-1])), page[-1]) if len(page) == _ROWS else None

    def _enter(self, photo: PhotoId, interest: int) -> None:
        if photo >= first_id(self.start) and photo not in self.without:
            self.found[photo] = self.weigh(interest, time_of(photo))

    def _behind(self, last: Stirred, end: datetime) -> Key:
        """What comes behind a place has its interest and is older, or has less."""
        same = (self.weigh(last.interest, time_of(last.photo_id)), last.photo_id)
        return max(same, (self.weigh(last.interest - 1, end), _LAST))


def _due(sources: Mapping[str, _Source], least: Key | None) -> list[str]:
    """Where something better may still come from, the most promising first."""
    bounds = [(source.bound, name) for name, source in sources.items() if source.bound is not None]
    return [name for bound, name in sorted(bounds, reverse=True) if least is None or bound > least]


def _end(span: str, length: timedelta) -> datetime:
    return datetime.fromisoformat(f"{span}:00+00:00" if "T" in span else f"{span}T00:00+00:00") + length
