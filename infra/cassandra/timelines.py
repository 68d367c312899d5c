"""The port `Timelines` over Cassandra: a page is one slice of one partition."""

from collections.abc import Sequence

from domain.ids import MemberId, PhotoId
from infra.cassandra.models import CassandraModels
from infra.cassandra.reading import past
from projections.timelines import TIMELINES, TimelineRow


class CassandraTimelines:
    """Home timelines, as written ahead."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def page(self, member_id: MemberId, *, before: PhotoId | None, limit: int) -> Sequence[TimelineRow]:
        """Newest first."""
        reader = await self._models.live(TIMELINES)
        return await reader.page(TimelineRow, member_id, past(before), limit=limit, newest=True)
