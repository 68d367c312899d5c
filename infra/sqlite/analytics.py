"""The ports `Analytics` and `Activity` over SQLite."""

from collections.abc import Sequence

from infra.sqlite.models import SqliteReadModels
from infra.sqlite.pages import ANY_OF, any_of
from projections.analytics import ACTIVITY, ANALYTICS, ActiveMemberRow, Measure, Span
from projections.rows import Tally


class SqliteAnalytics:
    """What happened when."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def tallies(self, spans: Sequence[str]) -> Sequence[Span]:
        """The counts of each hour or day that was asked for, zeros included, in the order asked."""
        found = await self._models.read(
            ANALYTICS, lambda reader: reader.rows(Tally, f"WHERE subject {ANY_OF}", any_of(spans))
        )
        counts = {(tally.subject, tally.kind): tally.count for tally in found}
        return [Span(name, {measure: counts.get((name, measure), 0) for measure in Measure}) for name in spans]

    async def active(self, day: str) -> int:
        """How many members were active on a day; reads as many rows."""
        found = await self._models.read(ACTIVITY, lambda reader: reader.rows(ActiveMemberRow, "WHERE day = ?", day))
        return len(found)
