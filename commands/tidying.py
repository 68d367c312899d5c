"""Tidying: files of a photo that nothing shows, nor ever will, are removed; done again, nothing happens."""

from dataclasses import dataclass

from commands.deciding import look
from commands.photos import photo_part
from commands.ports import Deps, Home, Objects
from domain import files
from domain.ids import PhotoId


@dataclass(frozen=True, slots=True)
class TidyPhoto:
    """Remove what a rendering of a photo left that was broken off or overtaken, and what lies where it moved from."""

    photo_id: PhotoId


async def tidy_photo(command: TidyPhoto, *, deps: Deps, objects: Objects, home: Home) -> int:
    """Remove the files; gives how many there were. Records nothing: of what is shown nothing changes."""
    there = await objects.list(f"{files.folder(command.photo_id)}/")
    photo = await look(deps, photo_part(command.photo_id))
    left = files.leftovers(photo, there, [home(command.photo_id, moves) for moves in range(photo.moves + 1)])
    await objects.remove(left)
    return len(left)
