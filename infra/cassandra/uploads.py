"""The port `OpenUploads` over Cassandra."""

from collections.abc import Sequence

from domain.ids import UploadId
from infra.cassandra.models import CassandraModels
from infra.cassandra.reading import past
from projections.uploads import UPLOADS, OpenUploadRow


class CassandraOpenUploads:
    """Uploads that became nothing yet."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def page(self, *, after: UploadId | None, limit: int) -> Sequence[OpenUploadRow]:
        """Oldest first."""
        reader = await self._models.live(UPLOADS)
        return await reader.all(OpenUploadRow, past(after) or None, limit)
