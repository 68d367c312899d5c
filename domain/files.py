"""Where the files of photos and avatars lie, and which of them nothing shows, nor ever will."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from domain.ids import PhotoId, UploadId, time_of
from domain.images import Rendition
from domain.photos import Photo
from domain.visibility import Status

_IN_HOME: Final = 2
"""A file lies in the folder of its rendering, and that in the one that nobody can guess."""
_EDITION: Final = re.compile(r"e(\d+)$")


def folder(photo_id: PhotoId) -> str:
    """The folder of all that was ever rendered of a photo; its original lies elsewhere."""
    return f"photos/{time_of(photo_id):%Y/%m/%d}/{photo_id}"


def avatar_folder(upload_id: UploadId) -> str:
    """The folder of all that was rendered of an upload that was to be an avatar."""
    return f"avatars/{time_of(upload_id):%Y/%m/%d}/{upload_id}"


def rendered_folder(sha256: str, recipe: int, edition: int) -> str:
    """The folder of one rendering: by what was rendered, by which recipe, and as which edition of its owner's."""
    return f"{sha256[:12]}-r{recipe}" + (f"e{edition}" if edition else "")


def leftovers(photo: Photo, keys: Iterable[str], homes: Sequence[str]) -> tuple[str, ...]:
    """Those of the files in a photo's folder that are never to be shown, and that nobody is at any more.

    `homes` are the folders in which the photo's files lay, move by move, up to the one where they lie now. What waits
    to be developed, is rendered anew as its owner wants it, or is just being moved is left alone. A worker that is late
    may still write what is told here; it tidies up behind itself.
    """
    if photo.status == Status.REJECTED or photo.erased:
        return tuple(keys)
    if photo.rendition is None:
        return ()
    *past, now = homes

    def dead(key: str) -> bool:
        home = home_of_key(key)
        return home in past or (home == now and key not in photo.keys and _edition(key) < photo.edition)

    return tuple(filter(dead, keys))


def moved(rendition: Rendition, home: str) -> Rendition:
    """The rendition with its files in another folder, whose name nobody can guess."""
    return replace(
        rendition,
        variants=tuple(
            replace(variant, key="/".join((home, *variant.key.split("/")[-_IN_HOME:])))
            for variant in rendition.variants
        ),
    )


def home_of_key(key: str) -> str:
    """The folder that nobody can guess in which a rendered file lies."""
    return "/".join(key.split("/")[:-_IN_HOME])


def _edition(key: str) -> int:
    found = _EDITION.search(key.split("/")[-2])
    return int(found[1]) if found else 0
