"""The port `Waiting` over Cassandra."""

from collections.abc import Sequence

from domain.ids import PhotoId
from infra.cassandra.models import CassandraModels
from infra.cassandra.reading import past
from projections.processing import PROCESSING, WaitingPhotoRow


class CassandraWaiting:
    """Photos that wait to be developed."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def page(self, *, after: PhotoId | None, limit: int) -> Sequence[WaitingPhotoRow]:
        """Oldest first."""
        reader = await self._models.live(PROCESSING)
        return await reader.all(WaitingPhotoRow, past(after) or None, limit)
