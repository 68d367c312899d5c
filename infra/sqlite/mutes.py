"""The port `Mutes` over SQLite."""

from collections.abc import Sequence

from domain.ids import MemberId
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.pages import by_time
from projections.mutes import MUTES, MuteRow
from projections.ports import Since


class SqliteMutes:
    """Whom members mute."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def page(self, muter_id: MemberId, *, before: Since | None, limit: int) -> Sequence[MuteRow]:
        """Newest first."""
        of = ("muter_id", muter_id)
        return await self._models.read(MUTES, lambda reader: by_time(reader, MuteRow, of, "muted_id", before, limit))
