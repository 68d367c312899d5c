"""The port `Follows` over SQLite."""

from collections.abc import Sequence

from domain.ids import MemberId
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.pages import by_time
from projections.follows import FOLLOWS, FollowerRow, FollowingRow, FollowRequestRow
from projections.ports import Since


class SqliteFollows:
    """Who follows whom."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def followers(self, member_id: MemberId, *, before: Since | None, limit: int) -> Sequence[FollowerRow]:
        """Newest first."""
        of = ("followed_id", member_id)
        return await self._models.read(
            FOLLOWS, lambda reader: by_time(reader, FollowerRow, of, "follower_id", before, limit)
        )

    async def following(self, member_id: MemberId, *, before: Since | None, limit: int) -> Sequence[FollowingRow]:
        """Newest first."""
        of = ("follower_id", member_id)
        return await self._models.read(
            FOLLOWS, lambda reader: by_time(reader, FollowingRow, of, "followed_id", before, limit)
        )

    async def requests(self, member_id: MemberId, *, before: Since | None, limit: int) -> Sequence[FollowRequestRow]:
        """Newest first."""
        of = ("followed_id", member_id)
        return await self._models.read(
            FOLLOWS, lambda reader: by_time(reader, FollowRequestRow, of, "follower_id", before, limit)
        )
