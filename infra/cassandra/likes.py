"""The port `Likes` over Cassandra."""

from collections.abc import Iterable, Sequence

from domain.ids import MemberId, PhotoId
from infra.cassandra.models import CassandraModels
from infra.cassandra.reading import since
from projections.likes import LIKES, LikeRow
from projections.ports import Since

_BY_TIME = 0


class CassandraLikes:
    """Who likes what."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def page(self, photo_id: PhotoId, *, before: Since | None, limit: int) -> Sequence[LikeRow]:
        """Newest first."""
        reader = await self._models.live(LIKES)
        return await reader.page(LikeRow, photo_id, since(before), limit=limit, newest=True, order=_BY_TIME)

    async def liked(self, member_id: MemberId, photo_ids: Iterable[PhotoId]) -> frozenset[PhotoId]:
        """Which of the photos the member likes."""
        reader = await self._models.live(LIKES)
        found = await reader.some(LikeRow, ((photo, member_id) for photo in photo_ids))
        return frozenset(row.photo_id for row in found)
