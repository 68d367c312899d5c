"""Moving: files of a photo that not everyone may see any more get keys that nobody knows; done again, nothing happens.

The copies come first, then the event, and the old files last (`commands.tidying`), so the photo has its files at every
moment; whoever is interrupted anywhere is followed by another who copies to the same keys.
"""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

from commands.deciding import Receipt, decide
from commands.developing import because
from commands.errors import Conflict, Unavailable
from commands.photos import photo_part
from commands.ports import Deps, Home, Objects
from domain import files, photos
from domain.errors import NotFound
from domain.events import PhotoMoved, PhotoProcessed
from domain.folding import fold
from domain.ids import PhotoId
from domain.photos import Photo
from domain.recorded import Recorded

_TRIES: Final = 5
_CALLS: Final = 3


@dataclass(frozen=True, slots=True)
class MovePhoto:
    """Give a photo's files other keys, if it was for everyone under those that they have, and is no longer.

    With `private_at`, its owner's account went private then; else it goes by the photo's own audience.
    """

    photo_id: PhotoId
    private_at: datetime | None = None


async def move_photo(command: MovePhoto, *, deps: Deps, objects: Objects, home: Home) -> Receipt[Photo]:
    """Copy the files and record their keys; the old ones stay where they are.

    A file that is lost stays lost: `filmroll media render --missing` makes it anew.
    """
    part, copied = photo_part(command.photo_id), set[str]()
    for _ in range(_TRIES):
        (loaded,) = await deps.store.load(part.stream)
        photo = fold(part.evolve, part.start, (fact.event for fact in loaded.events))
        before = photo.rendition
        if before is None or photo.erased or not _due(photo, loaded.events, command.private_at):
            await _end(objects, copied - photo.keys)
            return Receipt(photo)
        after = files.moved(before, home(command.photo_id, photo.moves + 1))
        pairs = list(zip(before.variants, after.variants, strict=True))
        await asyncio.gather(*(_copied(objects, old.key, new.key) for old, new in pairs))
        copied.update(new.key for _, new in pairs)
        deps = replace(deps, context=partial(because, loaded.events[-1]))
        receipt = await decide(deps, part, partial(photos.move, before=before, after=after, at=deps.now()))
        if receipt.recorded:
            await _end(objects, copied - receipt.state.keys)
            return receipt
    raise Conflict("a photo was rendered anew as often as its files were moved")


def _due(photo: Photo, facts: Sequence[Recorded], private_at: datetime | None) -> bool:
    if photo.outgrown or private_at is None:
        return photo.outgrown
    placed = max(fact.recorded_at for fact in facts if isinstance(fact.event, PhotoProcessed | PhotoMoved))
    return photo.known and placed < private_at


async def _copied(objects: Objects, source: str, target: str) -> None:
    """Ask a store that fails a few times at once: of many calls, one that fails now and then would fail some each time."""
    for left in reversed(range(_CALLS)):
        try:
            with suppress(NotFound):
                await objects.copy(source, target)
        except (Unavailable, OSError):
            if not left:
                raise
        else:
            return


async def _end(objects: Objects, keys: Collection[str]) -> None:
    """Copies of what was rendered anew meanwhile are of no use."""
    if keys:
        await objects.remove(sorted(keys))
