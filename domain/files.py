"""Where the files of photos and avatars lie, and which of them nothing shows, nor ever will."""

import re
from collections.abc import Iterable
from typing import Final

from domain.ids import PhotoId, UploadId, time_of
from domain.photos import Photo
from domain.visibility import Status

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


def leftovers(photo: Photo, keys: Iterable[str]) -> tuple[str, ...]:
    """Those of the files in a photo's folder that are never to be shown, and that nobody is at any more.

    What waits to be developed, or is rendered anew as its owner wants it now, is left alone. A worker that is late may
    still write what is told here; it tidies up behind itself.
    """
    if photo.status == Status.REJECTED or photo.erased:
        return tuple(keys)
    if photo.rendition is None:
        return ()
    kept = {*photo.former, *(variant.key for variant in photo.rendition.variants)}
    return tuple(key for key in keys if key not in kept and _edition(key) < photo.edition)


def _edition(key: str) -> int:
    found = _EDITION.search(key.split("/")[-2])
    return int(found[1]) if found else 0
