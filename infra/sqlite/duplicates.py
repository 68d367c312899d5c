"""The port `Duplicates` over SQLite."""

from collections.abc import Sequence

from domain.ids import MemberId, PhotoId
from infra.sqlite.models import SqliteReadModels
from projections.duplicates import DUPLICATES, FingerprintRow


class SqliteDuplicates:
    """Photos from the same bytes."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def of(self, owner_id: MemberId, sha256: str) -> Sequence[PhotoId]:
        """The member's photos with that content, oldest first."""
        found = await self._models.read(
            DUPLICATES,
            lambda reader: reader.rows(
                FingerprintRow, "WHERE owner_id = ? AND sha256 = ? ORDER BY photo_id", owner_id, sha256
            ),
        )
        return [row.photo_id for row in found]
