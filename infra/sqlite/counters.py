"""The port `Counters` over SQLite."""

from collections.abc import Iterable, Mapping

from infra.sqlite.models import SqliteReadModels
from infra.sqlite.pages import ANY_OF, any_of
from projections.counters import COUNTERS, Kind
from projections.rows import Tally


class SqliteCounters:
    """Exact tallies."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def read(self, subjects: Iterable[str], kinds: Iterable[Kind]) -> Mapping[tuple[str, Kind], int]:
        """The count of each kind for each subject; every pair that was asked for is in the answer."""
        whose, what = list(subjects), list(kinds)
        values = any_of(whose), any_of(what)
        tail = f"WHERE subject {ANY_OF} AND kind {ANY_OF}"
        found = await self._models.read(COUNTERS, lambda reader: reader.rows(Tally, tail, *values))
        counts = {(subject, kind): 0 for subject in whose for kind in what}
        counts.update({(tally.subject, Kind(tally.kind)): tally.count for tally in found})
        return counts
