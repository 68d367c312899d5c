"""The port `Photos` over Cassandra."""

from collections.abc import Iterable, Mapping

from domain.ids import PhotoId
from infra.cassandra.models import CassandraModels
from projections.photos import PHOTOS, PhotoRow


class CassandraPhotos:
    """Photo documents."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def by_ids(self, photo_ids: Iterable[PhotoId]) -> Mapping[PhotoId, PhotoRow]:
        """Those that are known."""
        reader = await self._models.live(PHOTOS)
        found = await reader.some(PhotoRow, ((photo,) for photo in photo_ids))
        return {row.photo_id: row for row in found}
