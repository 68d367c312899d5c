"""The port `Mutes` over Cassandra."""

from collections.abc import Sequence

from domain.ids import MemberId
from infra.cassandra.models import CassandraModels
from infra.cassandra.reading import since
from projections.mutes import MUTES, MuteRow
from projections.ports import Since


class CassandraMutes:
    """Whom members mute."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def page(self, muter_id: MemberId, *, before: Since | None, limit: int) -> Sequence[MuteRow]:
        """Newest first."""
        reader = await self._models.live(MUTES)
        return await reader.page(MuteRow, muter_id, since(before), limit=limit, newest=True, order=0)
