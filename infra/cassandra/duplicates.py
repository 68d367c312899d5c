"""The port `Duplicates` over Cassandra."""

from collections.abc import Sequence

from domain.ids import MemberId, PhotoId
from infra.cassandra.models import CassandraModels
from projections.duplicates import DUPLICATES, FingerprintRow


class CassandraDuplicates:
    """Photos from the same bytes."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def of(self, owner_id: MemberId, sha256: str) -> Sequence[PhotoId]:
        """The member's photos with that content, oldest first, removed ones included."""
        reader = await self._models.live(DUPLICATES)
        return [row.photo_id for row in await reader.under(FingerprintRow, (owner_id, sha256))]
