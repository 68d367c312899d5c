"""Rendering photos anew by another recipe: which ones, how fast, and what became of them."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog

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
    """Photos to be rendered by a recipe: those shown by another, or with `missing`, those of which a file is gone.

    `since` counts as UTC where it says no zone.
    """

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
        since = self.since if self.since is None or self.since.tzinfo else self.since.replace(tzinfo=UTC)
        async for row in _rows(self.core):
            if self.owner_id not in {None, row.owner_id} or (since is not None and time_of(row.photo_id) < since):
                continue
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
    """Render what is chosen, at most so many photos a second and `hands` at once; counts the outcomes.

    `rendered`: shown by the recipe from now on; `left`: another was faster, the original can't be rendered any more, or
    the photo is gone; `failed`: logged, and found again by the next run.
    """
    outcomes: Counter[str] = Counter()
    free = asyncio.Semaphore(hands)

    async def one(photo_id: PhotoId) -> None:
        command = ProcessPhoto(photo_id, again=chosen.missing, recipe=chosen.recipe)
        try:
            receipt = await process_photo(command, deps=chosen.core.deps, darkroom=darkroom)
            outcomes["rendered" if receipt.recorded or chosen.missing else "left"] += 1
        except Refused:
            outcomes["left"] += 1
        except Exception as error:  # noqa: BLE001 counted and reported; the others go on
            outcomes["failed"] += 1
            _log.error("a photo is not rendered", photo_id=photo_id, exc_info=error)
        finally:
            free.release()
            report()

    began, begun = time.monotonic(), 0
    async with asyncio.TaskGroup() as group:
        async for photo_id in chosen.ids():
            await asyncio.sleep(began + begun / rate - time.monotonic())
            await free.acquire()
            group.create_task(one(photo_id))
            begun += 1
    return outcomes


async def all_photos(core: Core) -> AsyncIterator[PhotoId]:
    """Every photo that there is a document of."""
    async for row in _rows(core):
        yield row.photo_id


async def each(photo_ids: Iterable[PhotoId]) -> AsyncIterator[PhotoId]:
    """These ones."""
    for photo_id in photo_ids:
        yield photo_id


async def _rows(core: Core) -> AsyncIterator[PhotoRow]:
    model, after = await live_of(core.models, PHOTOS), None
    while rows := await core.models.rows(model, PhotoRow, after=after, limit=_PAGE):
        for row in rows:
            assert isinstance(row, PhotoRow)
            yield row
            after = (row.photo_id,)
