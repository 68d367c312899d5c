"""The ports `Erasures` and `Belongings` over Cassandra."""

from collections.abc import Sequence

from domain.ids import MemberId
from infra.cassandra.models import CassandraModels
from projections.belongings import BELONGINGS, BelongingRow
from projections.erasures import ALL, ERASURES, ErasingRow, ErasureRow


class CassandraErasures:
    """Who left, and what they leave behind."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def get(self, member_id: MemberId) -> ErasureRow | None:
        """How far an erasure has come."""
        reader = await self._models.live(ERASURES)
        found = await reader.some(ErasureRow, [(member_id,)])
        return found[0] if found else None

    async def waiting(self, *, limit: int) -> Sequence[ErasingRow]:
        """Those that are not finished."""
        reader = await self._models.live(ERASURES)
        return await reader.page(ErasingRow, ALL, (), limit=limit, newest=False)

    async def belongings(
        self, member_id: MemberId, *, after: tuple[str, str] | None, limit: int
    ) -> Sequence[BelongingRow]:
        """What a member leaves behind, by kind and subject."""
        reader = await self._models.live(BELONGINGS)
        return await reader.page(BelongingRow, member_id, after or (), limit=limit, newest=False)
