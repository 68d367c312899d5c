"""The port `AuthorLists` over Cassandra."""

from collections.abc import Sequence

from domain.ids import MemberId, PhotoId
from infra.cassandra.models import CassandraModels
from infra.cassandra.reading import past
from projections.authors import AUTHORS, AuthorPhotoRow


class CassandraAuthorLists:
    """Each member's photos."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def page(self, owner_id: MemberId, *, before: PhotoId | None, limit: int) -> Sequence[PhotoId]:
        """Newest first."""
        reader = await self._models.live(AUTHORS)
        found = await reader.page(AuthorPhotoRow, owner_id, past(before), limit=limit, newest=True)
        return [row.photo_id for row in found]
