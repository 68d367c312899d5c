"""The port `Tags` over SQLite."""

from collections.abc import Mapping, Sequence
from typing import Final

from domain.ids import PhotoId
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.pages import by_photo
from infra.sqlite.readers import Reader
from projections.tags import TAGS, TaggedPhotoRow

_USES: Final = "SELECT tag, count(*) FROM tag_uses WHERE hour = ? GROUP BY tag"


class SqliteTags:
    """Photos by their tags."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def page(self, tag: str, *, before: PhotoId | None, limit: int) -> Sequence[PhotoId]:
        """Newest first."""
        found = await self._models.read(
            TAGS, lambda reader: by_photo(reader, TaggedPhotoRow, ("tag", tag), before, limit)
        )
        return [row.photo_id for row in found]

    async def uses(self, hours: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """How many public photos of each hour have which tag."""

        def read(reader: Reader) -> dict[str, dict[str, int]]:
            return {hour: dict(reader.values(_USES, hour)) for hour in hours}

        return await self._models.read(TAGS, read)
