"""Rendering photos anew by another recipe: which ones, and what became of them; and how all photos are gone through."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from commands.developing import ProcessPhoto, process_photo
from commands.ports import Darkroom, Objects
from domain.errors import Refused
from domain.ids import MemberId, PhotoId, time_of
from infra.cli.builds import live_of
from infra.core import Core
from projections.photos import PHOTOS, PhotoRow

_PAGE: Final = 200

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Photos to be rendered by a recipe: those shown by another, or with `missing`, those of which a file is gone."""

    core: Core
    objects: Objects
    recipe: int
    owner_id: MemberId | None = None
    since: datetime | None = None
    missing: bool = False

    async def count(self) -> int:
        """How many there are now."""
        return sum([1 async for _ in self.ids()])

    async def ids(self) -> AsyncIterator[PhotoId]:
        """Their ids."""
        async for row in rows(self.core, self.owner_id, self.since):
            if await self._due(row):
                yield row.photo_id

    async def _due(self, row: PhotoRow) -> bool:
        if row.rendition is None:
            return False
        if not self.missing:
            return row.rendition.recipe != self.recipe
        for variant in row.rendition.variants:
            if await self.objects.size(variant.key) != variant.bytes:
                return True
        return False


async def rerender(
    chosen: Chosen, darkroom: Darkroom, *, rate: float, hands: int, report: Callable[[], object]
) -> Counter[str]:
    """Render what is chosen, as `paced` does it.

    `rendered`: shown by the recipe from now on; `left`: another was faster, the original can't be rendered any more, or
    the photo is gone.
    """

    async def one(photo_id: PhotoId) -> str:
        command = ProcessPhoto(photo_id, again=chosen.missing, recipe=chosen.recipe)
        detects = bool(chosen.core.settings.detect_model)
        receipt = await process_photo(command, deps=chosen.core.deps, darkroom=darkroom, detects=detects)
        return "rendered" if receipt.recorded or chosen.missing else "left"

    return await paced(chosen.ids(), one, rate=rate, hands=hands, report=report)


async def paced(
    photo_ids: AsyncIterator[PhotoId],
    do: Callable[[PhotoId], Awaitable[str]],
    *,
    rate: float,
    hands: int,
    report: Callable[[], object],
) -> Counter[str]:
    """Do something to each photo, at most so many a second and `hands` at once; counts the outcomes that it says.

    Beside those, `left`: the photo is gone; `failed`: logged, and found again by the next run.
    """
    outcomes: Counter[str] = Counter()
    free = asyncio.Semaphore(hands)

    async def one(photo_id: PhotoId) -> None:
        try:
            outcomes[await do(photo_id)] += 1
        except Refused:
            outcomes["left"] += 1
        except Exception as error:  # noqa: BLE001 counted and reported; the others go on
            outcomes["failed"] += 1
            _log.error("a photo is left for the next run", photo_id=photo_id, exc_info=error)
        finally:
            free.release()
            report()

    began, begun = time.monotonic(), 0
    async with asyncio.TaskGroup() as group:
        async for photo_id in photo_ids:
            await asyncio.sleep(began + begun / rate - time.monotonic())
            await free.acquire()
            group.create_task(one(photo_id))
            begun += 1
    return outcomes


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Shows how far it is; what it gives is called after each photo."""
    bar = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*bar, console=Console(stderr=True)) as shown:
        task = shown.add_task(what, total=total)
        yield lambda: shown.advance(task)


async def all_photos(core: Core) -> AsyncIterator[PhotoId]:
    """Every photo that there is a document of."""
    async for row in rows(core):
        yield row.photo_id


async def each(photo_ids: Iterable[PhotoId]) -> AsyncIterator[PhotoId]:
    """These ones."""
    for photo_id in photo_ids:
        yield photo_id


async def rows(core: Core, owner_id: MemberId | None = None, since: datetime | None = None) -> AsyncIterator[PhotoRow]:
    """The documents of photos, of one member or of all, from a time on; it counts as UTC where it says no zone."""
    since = since if since is None or since.tzinfo else since.replace(tzinfo=UTC)
    model, after = await live_of(core.models, PHOTOS), None
    while found := await core.models.rows(model, PhotoRow, after=after, limit=_PAGE):
        for row in found:
            assert isinstance(row, PhotoRow)
            after = (row.photo_id,)
            if owner_id in {None, row.owner_id} and (since is None or time_of(row.photo_id) >= since):
                yield row
