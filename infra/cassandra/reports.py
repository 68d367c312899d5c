"""The port `Reports` over Cassandra."""

from collections.abc import Sequence

from domain.ids import ReportId
from infra.cassandra.models import CassandraModels
from infra.cassandra.reading import past
from projections.reports import ALL, REPORTS, ReportRow


class CassandraReports:
    """What members told the moderators."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def page(self, *, before: ReportId | None, limit: int) -> Sequence[ReportRow]:
        """Newest first."""
        reader = await self._models.live(REPORTS)
        return await reader.page(ReportRow, ALL, past(before), limit=limit, newest=True)
