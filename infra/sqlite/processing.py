"""The port `Waiting` over SQLite."""

from collections.abc import Sequence

from domain.ids import PhotoId
from infra.sqlite.models import SqliteReadModels
from projections.processing import PROCESSING, WaitingPhotoRow, WaitingRow


class SqliteWaiting:
    """Photos that wait in one stage, whose rows are told."""

    def __init__(self, models: SqliteReadModels, stage: type[WaitingRow] = WaitingPhotoRow) -> None:
        self._models = models
        self._stage = stage

    async def page(self, *, after: PhotoId | None, limit: int) -> Sequence[WaitingRow]:
        """Oldest first."""
        tail = "WHERE photo_id > ? ORDER BY photo_id LIMIT ?"
        return await self._models.read(PROCESSING, lambda reader: reader.rows(self._stage, tail, after or "", limit))
