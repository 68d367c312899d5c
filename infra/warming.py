"""Warming: a server that was just started fills its caches with what is asked for most, before it is asked.

That is what trends, what one can explore, the newest photos of authors whose lists are merged into feeds, and the first
pages of those who did something last. It gives way: between two steps it rests for as long as the last one took. What
is read here is what a request would read, so it is as fresh; and nothing that goes wrong here hurts anybody.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import timedelta
from itertools import islice
from typing import Any, Final

import structlog
from prometheus_client import Counter, Gauge

from api.boards import Boards
from api.ports import Files, Reads
from api.reads.home import Order, skeleton
from api.reads.trending import Window, most_stirred
from api.showing.photos import hydrate
from domain.ids import MemberId, PhotoId, first_id
from infra.core import Core
from streams.ports import EventLog

AUTHORS: Final = 50
MEMBERS: Final = 200
EXPLORED: Final = 100
PAGE: Final = 50
LATEST_FACTS: Final = 2_000
"""So many of the last facts, over all logs, tell who did something last."""
_ACTORS: Final = ("follower_id", "blocker_id", "muter_id", "member_id", "owner_id")
"""Whose doing a fact is: the first of these that it has."""

_STEPS: Final = Counter("filmroll_warming_steps", "What caches were filled with after a start.", ["what"])
_PHOTOS: Final = Counter("filmroll_warming_photos", "Photos that were read into caches after a start.")
_SECONDS: Final = Gauge(
    "filmroll_warming_seconds", "How long filling caches took after the start; 0 before it is done."
)

Step = tuple[str, Callable[[], Awaitable[Iterable[PhotoId]]], MemberId | None]

_log = structlog.get_logger(__name__)


async def warmed(core: Core, files: Files) -> None:
    """Warm the caches of an installation, as far as its settings say."""
    settings = core.settings
    if settings.warm_s:
        reads = core.queries.reads(files, timedelta(days=settings.timeline_days))
        await warm(reads, core.store, seconds=settings.warm_s)


async def warm(reads: Reads, log: EventLog, *, seconds: float) -> int:
    """Fill the caches behind these ports, for so many seconds at most; how many steps were taken. Raises nothing."""
    clock = asyncio.get_running_loop().time
    began, taken = clock(), 0
    try:
        async with asyncio.timeout(seconds):
            async for what, find, viewer in _steps(reads, log):
                at = clock()
                photos = list(await find())
                await hydrate(reads, viewer, photos)
                _STEPS.labels(what).inc()
                _PHOTOS.inc(len(photos))
                taken += 1
                await asyncio.sleep(clock() - at)
    except TimeoutError:
        pass
    except Exception as error:  # noqa: BLE001 reported; whoever asks will read what is not at hand
        _log.warning("caches were not warmed to the end", steps=taken, error=str(error))
    _SECONDS.set(clock() - began)
    _log.info("caches are warm", steps=taken, seconds=round(clock() - began, 3))
    return taken


async def _steps(reads: Reads, log: EventLog) -> AsyncIterator[Step]:
    boards = Boards(reads, reads.now)

    async def explored() -> Iterable[PhotoId]:
        return (await boards.explore(EXPLORED, {})).photos[:EXPLORED]

    yield "trending", lambda: most_stirred(reads, boards, None, Window.DAY, {}), None
    yield "explore", explored, None
    oldest = first_id(reads.now() - reads.window)
    for author in islice(sorted(await reads.timelines.hot()), AUTHORS):
        yield "author", _list_of(reads, author, oldest), None
    for member in await latest(log, MEMBERS):
        yield "member", _first_page(reads, member), member


def _list_of(reads: Reads, author: MemberId, oldest: PhotoId) -> Callable[[], Awaitable[Iterable[PhotoId]]]:
    return lambda: reads.timelines.of_authors([author], before=None, oldest=oldest, limit=PAGE + 1)


def _first_page(reads: Reads, member: MemberId) -> Callable[[], Awaitable[Iterable[PhotoId]]]:
    async def find() -> Iterable[PhotoId]:
        return [place.photo_id for place in await skeleton(reads, member, Order.LATEST, None, PAGE + 1)]

    return find


async def latest(log: EventLog, most: int) -> list[MemberId]:
    """The members who did something last, the last first; from the end of every log."""
    share = max(LATEST_FACTS // log.logs, 1)
    acted: dict[MemberId, Any] = {}
    for each in range(log.logs):
        head = await log.head(each)
        page = await log.read(each, max(head - share, 0), share, personal=False)
        for fact in page.facts:
            actor = next((getattr(fact.event, name) for name in _ACTORS if hasattr(fact.event, name)), None)
            if actor is not None:
                acted[actor] = max(fact.recorded_at, acted.get(actor, fact.recorded_at))
    return sorted(acted, key=lambda member: (acted[member], member), reverse=True)[:most]
