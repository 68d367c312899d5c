"""A photo as a command left it: shown from the command's own state, however far the read models are."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from api.ports import Now, Reads
from api.showing.photos import Hydrated, not_found, present
from domain.events import PhotoUploaded
from domain.ids import PhotoId
from domain.photos import Photo, known_photo
from domain.texts import mentions
from domain.visibility import PhotoState
from projections.photos import PhotoRow


def stood(known: Hydrated, photo: Photo, described_at: datetime | None, reads: Reads, now: Now) -> dict[str, Any]:
    """The body of a photo; `described_at` is when this command changed its words, if it did."""
    row, state = _as_it_stands(known.rows, photo, described_at)
    told = present(known.with_photo(row, state), row.photo_id, reads, now)
    if told is None:
        raise not_found()
    return told.body


def _as_it_stands(
    rows: Mapping[PhotoId, PhotoRow], photo: Photo, described_at: datetime | None
) -> tuple[PhotoRow, PhotoState]:
    made = known_photo(photo, removed_too=True)
    row = rows.get(made.photo_id) or _first(made)
    row = replace(
        row,
        caption=photo.caption,
        alt_text=photo.alt_text,
        tags=photo.tags,
        mentions=mentions(photo.caption),
        show_location=photo.show_location,
        rendition=row.rendition or photo.rendition,
        edited_at=described_at or row.edited_at,
    )
    return row, PhotoState(made.photo_id, made.owner_id, photo.status, photo.audience)


def _first(made: PhotoUploaded) -> PhotoRow:
    """The document of a photo that was just published."""
    return PhotoRow(
        photo_id=made.photo_id,
        owner_id=made.owner_id,
        caption=made.caption,
        alt_text=made.alt_text,
        tags=made.tags,
        mentions=made.mentions,
        place=made.place,
        show_location=made.show_location,
        object_key=made.object_key,
        created_at=made.at,
        edited_at=None,
        rejection_code=None,
        rejection_detail=None,
        rendition=None,
        taken_at=None,
        camera=None,
        location=None,
        changed_at=made.at,
    )
