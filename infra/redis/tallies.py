"""The port `Tallies` over Redis: all processes count together."""

import time
from collections.abc import Callable

import structlog
from redis.asyncio import Redis

from commands.errors import Unavailable
from infra.redis.connecting import send

_log = structlog.get_logger(__name__)


class RedisTallies:
    """Counts by key and window, which Redis forgets when the window is over; while it is away, nothing is counted."""

    def __init__(self, client: Redis, *, realm: str, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._realm = realm
        self._clock = clock

    async def add(self, key: str, by: int, *, window_s: int) -> tuple[int, int]:
        """The count in this window after adding, and in how many seconds the window is over."""
        now = self._clock()
        end = int((now // window_s + 1) * window_s)
        name, left_s = f"{self._realm}:rate:{key}:{end}", max(1, round(end - now))
        calls = [("INCRBY", name, by), ("EXPIRE", name, window_s + 1)] if by else [("GET", name)]
        try:
            count, *_ = await send(self._client, calls)
        except Unavailable as error:
            _log.warning("requests are not counted", error=str(error))
            return 0, left_s
        return max(0, int(count or 0)), left_s
