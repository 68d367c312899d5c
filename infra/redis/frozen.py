"""The port `Frozen` over Redis, which forgets by itself what is past its time."""

import secrets
from collections.abc import Sequence
from typing import Final

from redis.asyncio import Redis

from domain.ids import PhotoId
from infra.redis.connecting import send
from projections.ports import FROZEN_FOR

_BYTES: Final = 12


class RedisFrozen:
    """Orders that pages go by."""

    def __init__(self, client: Redis, *, realm: str) -> None:
        self._client = client
        self._realm = realm

    async def keep(self, order: Sequence[PhotoId]) -> str:
        """Keep an order; the name that it is found under."""
        name = secrets.token_hex(_BYTES)
        await send(self._client, [("SET", self._key(name), " ".join(order), "EX", int(FROZEN_FOR.total_seconds()))])
        return name

    async def read(self, name: str) -> Sequence[PhotoId] | None:
        """An order; None where its time is over."""
        (found,) = await send(self._client, [("GET", self._key(name))])
        return None if found is None else found.decode().split()

    def _key(self, name: str) -> str:
        return f"{self._realm}:frozen:{name}"
