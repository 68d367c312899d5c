"""The port `Waiting` over Cassandra."""

from collections.abc import Sequence

from domain.ids import PhotoId
from infra.cassandra.models import CassandraModels
from infra.cassandra.reading import past
from projections.processing import PROCESSING, WaitingPhotoRow, WaitingRow


class CassandraWaiting:
    """Photos that wait in one stage, whose rows are told."""

    def __init__(self, models: CassandraModels, stage: type[WaitingRow] = WaitingPhotoRow) -> None:
        self._models = models
        self._stage = stage

    async def page(self, *, after: PhotoId | None, limit: int) -> Sequence[WaitingRow]:
        """Oldest first."""
        reader = await self._models.live(PROCESSING)
        return await reader.all(self._stage, past(after) or None, limit)
