"""The port `Affinities` over Cassandra: one slice of one partition, by time."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from domain.ids import MemberId
from infra.cassandra.models import CassandraModels
from infra.sqlite.shapes import micros
from projections.affinity import AFFINITY, LIKE, Given, GivenRow

_PAGE: Final = 1_000
_BY_TIME: Final = 0


class CassandraAffinities:
    """What readers gave authors."""

    def __init__(self, models: CassandraModels, *, page: int = _PAGE) -> None:
        self._models = models
        self._page = page

    async def given(self, reader_id: MemberId, *, since: datetime) -> Mapping[MemberId, Given]:
        """Likes and comments by author, of those who got any."""
        reader = await self._models.live(AFFINITY)
        found: defaultdict[MemberId, Given] = defaultdict(Given)
        beyond: tuple[Any, ...] = ()
        more = True
        while more:
            rows = await reader.page(GivenRow, reader_id, beyond, limit=self._page, newest=True, order=_BY_TIME)
            recent = [row for row in rows if row.at >= since]
            for row in recent:
                known = found[row.owner_id]
                liked = row.kind == LIKE
                found[row.owner_id] = Given(known.likes + liked, known.comments + (not liked))
            more = len(recent) == self._page
            if more:
                last = rows[-1]
                beyond = (micros(last.at), last.kind, last.subject, last.owner_id)
        return found
