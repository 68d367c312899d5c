"""Albums: each with its words, and the photos in it in their order; who may see one lies with the visibility rows."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from domain import ranks
from domain.albums import FIRST
from domain.events import AlbumCreated, AlbumDescribed, AlbumPhotoPlaced, AlbumPhotoTakenOut, AlbumRemoved
from domain.ids import AlbumId, MemberId, PhotoId
from domain.recorded import Recorded
from projections.rows import Change, Drop, Look, Projection, Put, row


@row("albums", key=("owner_id", "album_id"), orders=(("album_id",),))
class AlbumRow:
    """An album as it stands."""

    owner_id: MemberId
    album_id: AlbumId
    title: str
    description: str
    created_at: datetime


@row("album_entries", key=("album_id", "photo_id"), orders=(("album_id", "rank", "photo_id"),))
class AlbumEntryRow:
    """A photo in an album; the order of ranks is the order of the photos."""

    album_id: AlbumId
    photo_id: PhotoId
    rank: str


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """A row for each album, and one for each photo in it."""
    match fact.event:
        case AlbumCreated() as made:
            yield Put(AlbumRow(made.owner_id, made.album_id, made.title, made.description, made.at))
        case AlbumDescribed(owner_id=owner, album_id=album, title=title, description=description):
            before = look.get(AlbumRow, owner, album)
            if before is not None:
                yield Put(replace(before, title=title, description=description))
        case AlbumRemoved(owner_id=owner, album_id=album):
            yield Drop(AlbumRow, (owner, album))
            for entry in look.list(AlbumEntryRow, album):
                yield Drop(AlbumEntryRow, (album, entry.photo_id))
        case AlbumPhotoPlaced(album_id=album, photo_id=photo) as placed:
            yield Put(AlbumEntryRow(album, photo, _rank(placed, fact.recorded_at, look)))
        case AlbumPhotoTakenOut(album_id=album, photo_id=photo):
            yield Drop(AlbumEntryRow, (album, photo))


def _rank(placed: AlbumPhotoPlaced, recorded_at: datetime, look: Look) -> str:
    """Where the photo comes to lie; at the end where the one that it was put behind has gone meanwhile."""
    if placed.after is None:
        return ranks.last(recorded_at)
    if placed.after == FIRST:
        return ranks.first(recorded_at)
    others = sorted(
        (entry.rank, entry.photo_id)
        for entry in look.list(AlbumEntryRow, placed.album_id)
        if entry.photo_id != placed.photo_id
    )
    at = next((at for at, (_, photo) in enumerate(others) if photo == placed.after), None)
    if at is None:
        return ranks.last(recorded_at)
    return ranks.between(others[at][0], others[at + 1][0] if at + 1 < len(others) else None)


ALBUMS = Projection(
    name="albums",
    version=1,
    handles=(AlbumCreated, AlbumDescribed, AlbumRemoved, AlbumPhotoPlaced, AlbumPhotoTakenOut),
    rows=(AlbumRow, AlbumEntryRow),
    project=project,
)
