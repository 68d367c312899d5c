"""The port `Blocks` over SQLite."""

from collections.abc import Sequence

from domain.ids import MemberId
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.pages import by_time
from projections.blocks import BLOCKS, BlockRow
from projections.ports import Since


class SqliteBlocks:
    """Whom members block."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def page(self, blocker_id: MemberId, *, before: Since | None, limit: int) -> Sequence[BlockRow]:
        """Newest first."""
        of = ("blocker_id", blocker_id)
        return await self._models.read(
            BLOCKS, lambda reader: by_time(reader, BlockRow, of, "blocked_id", before, limit)
        )
