"""The port `Comments` over Cassandra."""

from collections.abc import Sequence

from domain.ids import CommentId, PhotoId
from infra.cassandra.models import CassandraModels
from infra.cassandra.reading import past
from projections.comments import COMMENTS, CommentRow

_BY_ID = 0


class CassandraComments:
    """What was written under photos."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def page(self, photo_id: PhotoId, *, after: CommentId | None, limit: int) -> Sequence[CommentRow]:
        """Oldest first."""
        reader = await self._models.live(COMMENTS)
        return await reader.page(CommentRow, photo_id, past(after), limit=limit, newest=False)

    async def get(self, comment_id: CommentId) -> CommentRow | None:
        """One comment."""
        reader = await self._models.live(COMMENTS)
        found = await reader.page(CommentRow, comment_id, (), limit=1, newest=False, order=_BY_ID)
        return found[0] if found else None
