"""The port `Blocks` over Cassandra."""

from collections.abc import Sequence

from domain.ids import MemberId
from infra.cassandra.models import CassandraModels
from infra.cassandra.reading import since
from projections.blocks import BLOCKS, BlockRow
from projections.ports import Since


class CassandraBlocks:
    """Whom members block."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def page(self, blocker_id: MemberId, *, before: Since | None, limit: int) -> Sequence[BlockRow]:
        """Newest first."""
        reader = await self._models.live(BLOCKS)
        return await reader.page(BlockRow, blocker_id, since(before), limit=limit, newest=True, order=0)
