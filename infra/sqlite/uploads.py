"""The port `OpenUploads` over SQLite."""

from collections.abc import Sequence

from domain.ids import UploadId
from infra.sqlite.models import SqliteReadModels
from projections.uploads import UPLOADS, OpenUploadRow


class SqliteOpenUploads:
    """Uploads that became nothing yet."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def page(self, *, after: UploadId | None, limit: int) -> Sequence[OpenUploadRow]:
        """Oldest first."""
        tail = "WHERE upload_id > ? ORDER BY upload_id LIMIT ?"
        return await self._models.read(UPLOADS, lambda reader: reader.rows(OpenUploadRow, tail, after or "", limit))
