"""The port `Walks` over Redis: a hash for each list, a field for each chunk."""

from collections.abc import Sequence
from typing import Final

from redis.asyncio import Redis

from infra.redis.connecting import send

LASTS_S: Final = 2 * 86_400
"""How long a list is kept after its last use."""


class RedisWalks:
    """Lists of which the order is kept while someone walks through them; `Unavailable` while Redis is away."""

    def __init__(self, client: Redis, *, realm: str) -> None:
        self._client = client
        self._realm = realm

    async def keep(self, walk: str, number: int, items: Sequence[str]) -> Sequence[str]:
        """Keep a chunk, and give what is kept: of several who bring the same chunk, the first one counts."""
        key = self._key(walk)
        calls = [("HSETNX", key, number, "\n".join(items)), ("EXPIRE", key, LASTS_S), ("HGET", key, number)]
        return _items((await send(self._client, calls))[-1])

    async def kept(self, walk: str, number: int) -> Sequence[str] | None:
        """A chunk; None where it was never kept, or was long ago."""
        key = self._key(walk)
        found, _ = await send(self._client, [("HGET", key, number), ("EXPIRE", key, LASTS_S)])
        return None if found is None else _items(found)

    def _key(self, walk: str) -> str:
        return f"{self._realm}:walk:{walk}"


def _items(stored: bytes) -> list[str]:
    return stored.decode().split("\n") if stored else []
