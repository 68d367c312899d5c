"""The port `Trash` over SQLite."""

from collections.abc import Sequence

from domain.ids import MemberId
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.pages import by_time
from projections.ports import Since
from projections.trash import TRASH, TrashedPhotoRow


class SqliteTrash:
    """What members deleted."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def page(self, owner_id: MemberId, *, before: Since | None, limit: int) -> Sequence[TrashedPhotoRow]:
        """The last deleted first."""
        of = ("owner_id", owner_id)
        return await self._models.read(
            TRASH, lambda reader: by_time(reader, TrashedPhotoRow, of, "photo_id", before, limit)
        )
