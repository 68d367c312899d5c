"""The port `ShareViews` over Redis: one hash, which no rebuild touches."""

from collections.abc import Iterable, Mapping

import structlog
from redis.asyncio import Redis

from commands.errors import Unavailable
from domain.ids import ShareId
from infra.redis.connecting import send

_log = structlog.get_logger(__name__)


class RedisShareViews:
    """How often links were opened."""

    def __init__(self, client: Redis, *, realm: str) -> None:
        self._client = client
        self._key = f"{realm}:share-views"

    async def count(self, share_id: ShareId) -> None:
        """One more; an outage is logged."""
        try:
            await send(self._client, [("HINCRBY", self._key, share_id, 1)])
        except Unavailable:
            _log.warning("a share's view was not counted", share_id=share_id)

    async def read(self, share_ids: Iterable[ShareId]) -> Mapping[ShareId, int] | None:
        """How often each was opened; those that never were are left out; None while Redis is away."""
        asked = list(share_ids)
        if not asked:
            return {}
        try:
            (counts,) = await send(self._client, [("HMGET", self._key, *asked)])
        except Unavailable:
            return None
        return {share: int(count) for share, count in zip(asked, counts, strict=True) if count is not None}
