"""The port `Trash` over Cassandra."""

from collections.abc import Sequence

from domain.ids import MemberId
from infra.cassandra.models import CassandraModels
from infra.cassandra.reading import since
from projections.ports import Since
from projections.trash import TRASH, TrashedPhotoRow


class CassandraTrash:
    """What members deleted."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def page(self, owner_id: MemberId, *, before: Since | None, limit: int) -> Sequence[TrashedPhotoRow]:
        """The last deleted first."""
        reader = await self._models.live(TRASH)
        return await reader.page(TrashedPhotoRow, owner_id, since(before), limit=limit, newest=True, order=0)
