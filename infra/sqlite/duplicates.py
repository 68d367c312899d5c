"""The port `Duplicates` over SQLite."""

from collections.abc import Mapping, Sequence

from domain.ids import MemberId, PhotoId
from infra.sqlite.models import SqliteReadModels
from projections.duplicates import DUPLICATES, AlikeRow, DecidedRow, FingerprintRow, Grouped, groups


class SqliteDuplicates:
    """Photos from the same bytes, or that look alike."""

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

    async def groups(self, owner_id: MemberId) -> Sequence[Grouped]:
        """All of them, the oldest first."""
        tail = "WHERE owner_id = ? ORDER BY since, photo_id"
        return groups(await self._models.read(DUPLICATES, lambda reader: reader.rows(AlikeRow, tail, owner_id)))

    async def group(self, owner_id: MemberId, group_id: PhotoId) -> Sequence[PhotoId]:
        """The photos of one group, oldest first."""
        return [each.photo_id for each in await self.groups(owner_id) if each.group_id == group_id]

    async def decided(self, owner_id: MemberId) -> Mapping[PhotoId, frozenset[PhotoId]]:
        """What was decided about."""
        found = await self._models.read(
            DUPLICATES, lambda reader: reader.rows(DecidedRow, "WHERE owner_id = ?", owner_id)
        )
        return {row.group_id: frozenset(row.photo_ids) for row in found}
