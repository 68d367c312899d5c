"""The port `Activity` over Cassandra."""

from infra.cassandra.models import CassandraModels
from projections.analytics import ACTIVITY, ActiveMemberRow


class CassandraActivity:
    """Who did something when."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def active(self, day: str) -> int:
        """How many members were active on a day; counted by the server, over as many rows."""
        reader = await self._models.live(ACTIVITY)
        return await reader.count(ActiveMemberRow, day)
