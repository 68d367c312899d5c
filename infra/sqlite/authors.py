"""The port `AuthorLists` over SQLite."""

from collections.abc import Sequence

from domain.ids import MemberId, PhotoId
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.pages import by_photo
from projections.authors import AUTHORS, AuthorPhotoRow


class SqliteAuthorLists:
    """Each member's photos."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def page(self, owner_id: MemberId, *, before: PhotoId | None, limit: int) -> Sequence[PhotoId]:
        """Newest first."""
        of = ("owner_id", owner_id)
        found = await self._models.read(AUTHORS, lambda reader: by_photo(reader, AuthorPhotoRow, of, before, limit))
        return [row.photo_id for row in found]
