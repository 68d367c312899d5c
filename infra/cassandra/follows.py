"""The port `Follows` over Cassandra."""

from collections.abc import Sequence

from domain.ids import MemberId
from infra.cassandra.models import CassandraModels
from infra.cassandra.reading import since
from projections.follows import FOLLOWS, FollowerRow, FollowingRow, FollowRequestRow
from projections.ports import Since

_BY_TIME = 0


class CassandraFollows:
    """Who follows whom."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def followers(self, member_id: MemberId, *, before: Since | None, limit: int) -> Sequence[FollowerRow]:
        """Newest first."""
        reader = await self._models.live(FOLLOWS)
        return await reader.page(FollowerRow, member_id, since(before), limit=limit, newest=True, order=_BY_TIME)

    async def following(self, member_id: MemberId, *, before: Since | None, limit: int) -> Sequence[FollowingRow]:
        """Newest first."""
        reader = await self._models.live(FOLLOWS)
        return await reader.page(FollowingRow, member_id, since(before), limit=limit, newest=True, order=_BY_TIME)

    async def requests(self, member_id: MemberId, *, before: Since | None, limit: int) -> Sequence[FollowRequestRow]:
        """Newest first."""
        reader = await self._models.live(FOLLOWS)
        return await reader.page(FollowRequestRow, member_id, since(before), limit=limit, newest=True, order=_BY_TIME)
