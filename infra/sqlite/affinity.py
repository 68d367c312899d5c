"""The port `Affinities` over SQLite."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from domain.ids import MemberId
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.shapes import micros
from projections.affinity import AFFINITY, COMMENT, LIKE, Given

_GIVEN: Final = (
    "SELECT owner_id, sum(kind = ?), sum(kind = ?) FROM given WHERE reader_id = ? AND at >= ? GROUP BY owner_id"
)


class SqliteAffinities:
    """What readers gave authors."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def given(self, reader_id: MemberId, *, since: datetime) -> Mapping[MemberId, Given]:
        """Likes and comments by author, of those who got any."""
        found = await self._models.read(
            AFFINITY, lambda reader: reader.values(_GIVEN, LIKE, COMMENT, reader_id, micros(since))
        )
        return {owner: Given(likes, comments) for owner, likes, comments in found}
