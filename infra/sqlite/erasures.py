"""The ports `Erasures` and `Belongings` over SQLite."""

from collections.abc import Sequence

from domain.ids import MemberId
from infra.sqlite.models import SqliteReadModels
from projections.belongings import BELONGINGS, BelongingRow
from projections.erasures import ALL, ERASURES, ErasingRow, ErasureRow


class SqliteErasures:
    """Who left, and what they leave behind."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def get(self, member_id: MemberId) -> ErasureRow | None:
        """How far an erasure has come."""
        found = await self._models.read(
            ERASURES, lambda reader: reader.rows(ErasureRow, "WHERE member_id = ?", member_id)
        )
        return found[0] if found else None

    async def waiting(self, *, limit: int) -> Sequence[ErasingRow]:
        """Those that are not finished."""
        tail = "WHERE list = ? ORDER BY member_id LIMIT ?"
        return await self._models.read(ERASURES, lambda reader: reader.rows(ErasingRow, tail, ALL, limit))

    async def belongings(
        self, member_id: MemberId, *, after: tuple[str, str] | None, limit: int
    ) -> Sequence[BelongingRow]:
        """What a member leaves behind, by kind and subject."""
        tail = "WHERE member_id = ? AND (kind, subject_id) > (?, ?) ORDER BY kind, subject_id LIMIT ?"
        beyond = after or ("", "")
        return await self._models.read(
            BELONGINGS, lambda reader: reader.rows(BelongingRow, tail, member_id, *beyond, limit)
        )
