"""The port `Unsettled` over Cassandra."""

from collections.abc import Sequence

from domain.ids import MemberId
from infra.cassandra.models import CassandraModels
from projections.settling import SETTLING, OpenedAccountRow, UnsettledBlockRow


class CassandraUnsettled:
    """What commands set out to do and may not have done."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def blocks(self, *, after: tuple[MemberId, MemberId] | None, limit: int) -> Sequence[UnsettledBlockRow]:
        """By pair."""
        reader = await self._models.live(SETTLING)
        return await reader.all(UnsettledBlockRow, after, limit)

    async def openings(self, *, after: MemberId | None, limit: int) -> Sequence[OpenedAccountRow]:
        """By member."""
        reader = await self._models.live(SETTLING)
        return await reader.all(OpenedAccountRow, None if after is None else (after,), limit)
