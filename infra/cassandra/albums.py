"""The ports `Albums` and `AlbumSight` over Cassandra."""

from collections.abc import Iterable, Mapping, Sequence

from domain.albums import FIRST
from domain.ids import AlbumId, MemberId, PhotoId
from domain.visibility import AlbumState
from infra.cassandra.models import CassandraModels
from infra.cassandra.reading import past
from projections.albums import ALBUMS, AlbumEntryRow, AlbumRow
from projections.visibility import VISIBILITY, AlbumStateRow

_BY_ID = 0
_BY_RANK = 0


class CassandraAlbums:
    """Each member's albums, and the photos in each."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def albums(self, album_ids: Iterable[AlbumId]) -> Mapping[AlbumId, AlbumState]:
        """What is known of each album; unknown ones are left out."""
        reader = await self._models.live(VISIBILITY)
        found = await reader.some(AlbumStateRow, ((album,) for album in album_ids))
        return {row.album_id: AlbumState(row.album_id, row.owner_id, row.audience) for row in found}

    async def of(self, owner_id: MemberId, *, before: AlbumId | None, limit: int) -> Sequence[AlbumRow]:
        """Newest first."""
        reader = await self._models.live(ALBUMS)
        return await reader.page(AlbumRow, owner_id, past(before), limit=limit, newest=True)

    async def get(self, album_id: AlbumId) -> AlbumRow | None:
        """One album."""
        reader = await self._models.live(ALBUMS)
        found = await reader.page(AlbumRow, album_id, (), limit=1, newest=False, order=_BY_ID)
        return found[0] if found else None

    async def page(
        self, album_id: AlbumId, *, after: tuple[str, PhotoId] | None, limit: int
    ) -> Sequence[AlbumEntryRow]:
        """The photos of an album in their order, past a rank and a photo."""
        reader = await self._models.live(ALBUMS)
        return await reader.page(AlbumEntryRow, album_id, after or (), limit=limit, newest=False, order=_BY_RANK)

    async def behind(self, album_id: AlbumId, photo_id: PhotoId) -> PhotoId | None:
        """Behind which photo one lies."""
        reader = await self._models.live(ALBUMS)
        found = await reader.some(AlbumEntryRow, [(album_id, photo_id)])
        if not found:
            return None
        place = (found[0].rank, photo_id)
        before = await reader.page(AlbumEntryRow, album_id, place, limit=1, newest=True, order=_BY_RANK)
        return before[0].photo_id if before else FIRST
