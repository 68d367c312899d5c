"""The port `Unsettled` over SQLite."""

from collections.abc import Sequence

from domain.ids import MemberId
from infra.sqlite.models import SqliteReadModels
from projections.settling import SETTLING, OpenedAccountRow, UnsettledBlockRow


class SqliteUnsettled:
    """What commands set out to do and may not have done."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def blocks(self, *, after: tuple[MemberId, MemberId] | None, limit: int) -> Sequence[UnsettledBlockRow]:
        """By pair."""
        tail = "WHERE (blocker_id, blocked_id) > (?, ?) ORDER BY blocker_id, blocked_id LIMIT ?"
        return await self._models.read(
            SETTLING, lambda reader: reader.rows(UnsettledBlockRow, tail, *(after or ("", "")), limit)
        )

    async def openings(self, *, after: MemberId | None, limit: int) -> Sequence[OpenedAccountRow]:
        """By member."""
        tail = "WHERE member_id > ? ORDER BY member_id LIMIT ?"
        return await self._models.read(SETTLING, lambda reader: reader.rows(OpenedAccountRow, tail, after or "", limit))
