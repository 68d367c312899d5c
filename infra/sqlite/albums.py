"""The ports `Albums` and `AlbumSight` over SQLite."""

from collections.abc import Iterable, Mapping, Sequence

from domain.albums import FIRST
from domain.ids import AlbumId, MemberId, PhotoId
from domain.visibility import AlbumState
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.pages import ANY_OF, any_of
from infra.sqlite.readers import Reader
from infra.sqlite.shapes import HIGHEST
from projections.albums import ALBUMS, AlbumEntryRow, AlbumRow
from projections.visibility import VISIBILITY, AlbumStateRow


class SqliteAlbums:
    """Each member's albums, and the photos in each."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def albums(self, album_ids: Iterable[AlbumId]) -> Mapping[AlbumId, AlbumState]:
        """What is known of each album; unknown ones are left out."""
        wanted, tail = any_of(album_ids), f"WHERE album_id {ANY_OF} AND NOT _dropped"
        found = await self._models.read(VISIBILITY, lambda reader: reader.rows(AlbumStateRow, tail, wanted))
        return {row.album_id: AlbumState(row.album_id, row.owner_id, row.audience) for row in found}

    async def of(self, owner_id: MemberId, *, before: AlbumId | None, limit: int) -> Sequence[AlbumRow]:
        """Newest first."""
        tail = "WHERE owner_id = ? AND album_id < ? ORDER BY album_id DESC LIMIT ?"
        return await self._models.read(
            ALBUMS, lambda reader: reader.rows(AlbumRow, tail, owner_id, before or HIGHEST, limit)
        )

    async def get(self, album_id: AlbumId) -> AlbumRow | None:
        """One album."""
        found = await self._models.read(ALBUMS, lambda reader: reader.rows(AlbumRow, "WHERE album_id = ?", album_id))
        return found[0] if found else None

    async def page(
        self, album_id: AlbumId, *, after: tuple[str, PhotoId] | None, limit: int
    ) -> Sequence[AlbumEntryRow]:
        """The photos of an album in their order, past a rank and a photo."""
        tail = "WHERE album_id = ? AND (rank, photo_id) > (?, ?) ORDER BY rank, photo_id LIMIT ?"
        beyond = after or ("", "")
        return await self._models.read(
            ALBUMS, lambda reader: reader.rows(AlbumEntryRow, tail, album_id, *beyond, limit)
        )

    async def behind(self, album_id: AlbumId, photo_id: PhotoId) -> PhotoId | None:
        """Behind which photo one lies."""

        def look(reader: Reader) -> PhotoId | None:
            found = reader.rows(AlbumEntryRow, "WHERE album_id = ? AND photo_id = ?", album_id, photo_id)
            if not found:
                return None
            tail = "WHERE album_id = ? AND (rank, photo_id) < (?, ?) ORDER BY rank DESC, photo_id DESC LIMIT 1"
            before = reader.rows(AlbumEntryRow, tail, album_id, found[0].rank, photo_id)
            return before[0].photo_id if before else FIRST

        return await self._models.read(ALBUMS, look)
