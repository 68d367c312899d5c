"""The port `Photos` over SQLite."""

from collections.abc import Iterable, Mapping

from domain.ids import PhotoId
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.pages import ANY_OF, any_of
from projections.photos import PHOTOS, PhotoRow


class SqlitePhotos:
    """Photo documents."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def by_ids(self, photo_ids: Iterable[PhotoId]) -> Mapping[PhotoId, PhotoRow]:
        """Those that are known."""
        wanted = any_of(photo_ids)
        found = await self._models.read(
            PHOTOS, lambda reader: reader.rows(PhotoRow, f"WHERE photo_id {ANY_OF}", wanted)
        )
        return {row.photo_id: row for row in found}
