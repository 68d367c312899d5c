"""Tidying: files of a photo that nothing shows, nor ever will, are removed; done again, nothing happens."""

from dataclasses import dataclass

from commands.deciding import look
from commands.photos import photo_part
from commands.ports import Deps, Objects
from domain import files
from domain.ids import PhotoId


@dataclass(frozen=True, slots=True)
class TidyPhoto:
    """Remove what a broken off or overtaken rendering of a photo left."""

    photo_id: PhotoId


async def tidy_photo(command: TidyPhoto, *, deps: Deps, objects: Objects) -> int:
    """Remove the files; gives how many there were. Records nothing, as no event ever told of them."""
    photo = await look(deps, photo_part(command.photo_id))
    left = files.leftovers(photo, await objects.list(f"{files.folder(command.photo_id)}/"))
    await objects.remove(left)
    return len(left)
