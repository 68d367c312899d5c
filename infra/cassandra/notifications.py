"""The port `Notifications` over Cassandra."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.ids import MemberId
from infra.cassandra.models import CassandraModels
from infra.sqlite.shapes import micros
from projections.notifications import NOTIFICATIONS, NoticeActorRow, NoticeRow, NoticesSeenRow
from projections.ports import Told, Upto

_BY_TIME = 0


class CassandraNotifications:
    """What members are told of."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def page(self, recipient: str, *, before: Upto | None, limit: int) -> Sequence[NoticeRow]:
        """Newest first."""
        reader = await self._models.live(NOTIFICATIONS)
        beyond: tuple[Any, ...] = () if before is None else (micros(before.at), before.kind, before.subject)
        return await reader.page(NoticeRow, recipient, beyond, limit=limit, newest=True, order=_BY_TIME)

    async def actors(self, notices: Sequence[str], *, limit: int) -> Mapping[str, Told]:
        """The newest of those who something came from, and how many there are."""
        reader = await self._models.live(NOTIFICATIONS)

        async def one(notice: str) -> Told:
            rows = await reader.page(NoticeActorRow, notice, (), limit=limit, newest=True, order=_BY_TIME)
            whole = len(rows) if len(rows) < limit else await reader.count(NoticeActorRow, notice)
            return Told(tuple(rows), whole)

        return dict(zip(notices, await asyncio.gather(*map(one, notices)), strict=True))

    async def seen(self, member_id: MemberId) -> datetime | None:
        """Until when the member has seen what they were told."""
        reader = await self._models.live(NOTIFICATIONS)
        found = await reader.some(NoticesSeenRow, [(member_id,)])
        return found[0].until if found else None
