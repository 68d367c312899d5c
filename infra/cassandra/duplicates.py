"""The port `Duplicates` over Cassandra."""

from collections.abc import Mapping, Sequence

from domain.ids import MemberId, PhotoId
from infra.cassandra.models import CassandraModels
from projections.duplicates import DUPLICATES, AlikeRow, DecidedRow, FingerprintRow, Grouped, groups


class CassandraDuplicates:
    """Photos from the same bytes, or that look alike."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def of(self, owner_id: MemberId, sha256: str) -> Sequence[PhotoId]:
        """The member's photos with that content, oldest first, removed ones included."""
        reader = await self._models.live(DUPLICATES)
        return [row.photo_id for row in await reader.under(FingerprintRow, (owner_id, sha256))]

    async def groups(self, owner_id: MemberId) -> Sequence[Grouped]:
        """All of them, the oldest first."""
        reader = await self._models.live(DUPLICATES)
        return groups(await reader.under(AlikeRow, (owner_id,)))

    async def group(self, owner_id: MemberId, group_id: PhotoId) -> Sequence[PhotoId]:
        """The photos of one group, oldest first."""
        return [each.photo_id for each in await self.groups(owner_id) if each.group_id == group_id]

    async def decided(self, owner_id: MemberId) -> Mapping[PhotoId, frozenset[PhotoId]]:
        """What was decided about."""
        reader = await self._models.live(DUPLICATES)
        return {row.group_id: frozenset(row.photo_ids) for row in await reader.under(DecidedRow, (owner_id,))}
