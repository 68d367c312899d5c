"""The port `Comments` over SQLite."""

from collections.abc import Sequence

from domain.ids import CommentId, PhotoId
from infra.sqlite.models import SqliteReadModels
from projections.comments import COMMENTS, CommentRow


class SqliteComments:
    """What was written under photos."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def page(self, photo_id: PhotoId, *, after: CommentId | None, limit: int) -> Sequence[CommentRow]:
        """Oldest first."""
        tail = "WHERE photo_id = ? AND comment_id > ? ORDER BY comment_id LIMIT ?"
        return await self._models.read(
            COMMENTS, lambda reader: reader.rows(CommentRow, tail, photo_id, after or "", limit)
        )

    async def get(self, comment_id: CommentId) -> CommentRow | None:
        """One comment."""
        found = await self._models.read(
            COMMENTS, lambda reader: reader.rows(CommentRow, "WHERE comment_id = ?", comment_id)
        )
        return found[0] if found else None
