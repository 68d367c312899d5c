"""The port `Waiting` over SQLite."""

from collections.abc import Sequence

from domain.ids import PhotoId
from infra.sqlite.models import SqliteReadModels
from projections.processing import PROCESSING, WaitingPhotoRow


class SqliteWaiting:
    """Photos that wait to be developed."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def page(self, *, after: PhotoId | None, limit: int) -> Sequence[WaitingPhotoRow]:
        """Oldest first."""
        tail = "WHERE photo_id > ? ORDER BY photo_id LIMIT ?"
        return await self._models.read(
            PROCESSING, lambda reader: reader.rows(WaitingPhotoRow, tail, after or "", limit)
        )
