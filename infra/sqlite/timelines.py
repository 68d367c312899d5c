"""The port `Timelines` over SQLite."""

from collections.abc import Sequence

from domain.ids import MemberId, PhotoId
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.pages import by_photo
from projections.timelines import TIMELINES, TimelineRow


class SqliteTimelines:
    """Home timelines, as written ahead."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def page(self, member_id: MemberId, *, before: PhotoId | None, limit: int) -> Sequence[TimelineRow]:
        """Newest first."""
        of = ("member_id", member_id)
        return await self._models.read(TIMELINES, lambda reader: by_photo(reader, TimelineRow, of, before, limit))
