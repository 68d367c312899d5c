"""The port `Reports` over SQLite."""

from collections.abc import Sequence

from domain.ids import ReportId
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.shapes import HIGHEST
from projections.reports import ALL, REPORTS, ReportRow


class SqliteReports:
    """What members told the moderators."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def page(self, *, before: ReportId | None, limit: int) -> Sequence[ReportRow]:
        """Newest first."""
        tail = "WHERE list = ? AND report_id < ? ORDER BY report_id DESC LIMIT ?"
        return await self._models.read(
            REPORTS, lambda reader: reader.rows(ReportRow, tail, ALL, before or HIGHEST, limit)
        )
