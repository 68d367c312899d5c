"""The port `Likes` over SQLite."""

from collections.abc import Iterable, Sequence

from domain.ids import MemberId, PhotoId
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.pages import ANY_OF, any_of, by_time
from projections.likes import LIKES, LikeRow
from projections.ports import Since


class SqliteLikes:
    """Who likes what."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def page(self, photo_id: PhotoId, *, before: Since | None, limit: int) -> Sequence[LikeRow]:
        """Newest first."""
        of = ("photo_id", photo_id)
        return await self._models.read(LIKES, lambda reader: by_time(reader, LikeRow, of, "member_id", before, limit))

    async def liked(self, member_id: MemberId, photo_ids: Iterable[PhotoId]) -> frozenset[PhotoId]:
        """Which of the photos the member likes."""
        statement = f"SELECT photo_id FROM likes WHERE photo_id {ANY_OF} AND member_id = ?"  # noqa: S608
        wanted = any_of(photo_ids)
        found = await self._models.read(LIKES, lambda reader: reader.values(statement, wanted, member_id))
        return frozenset(photo_id for (photo_id,) in found)
