"""Emptying Redis's append-only file of what was deleted or replaced."""

import asyncio
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from commands.errors import Unavailable
from infra.redis.connecting import outages

_LOOK_S: Final = 0.2
_PATIENCE_S: Final = 600.0


async def rewrite_log(client: Redis) -> None:
    """Have what is kept now written anew, in a rewriting that begins after this was asked; nothing where no log is kept.

    Raises `Unavailable` where that fails or takes too long, so that it is asked for again.
    """
    try:
        async with asyncio.timeout(_PATIENCE_S):
            if not (await _idle(client))["aof_enabled"]:
                return
            while not await _begun(client):
                await _idle(client)
            if (await _idle(client))["aof_last_bgrewrite_status"] != "ok":
                raise Unavailable("Redis: its append-only file could not be written anew")
    except TimeoutError as error:
        raise Unavailable(f"Redis: its append-only file is not written anew in {_PATIENCE_S:.0f} s") from error


async def _begun(client: Redis) -> bool:
    """False where one that began before is not over yet."""
    with outages():
        try:
            await client.bgrewriteaof()
        except ResponseError as refusal:
            if "already in progress" not in str(refusal):
                raise
            return False
    return True


async def _idle(client: Redis) -> dict[str, Any]:
    """What Redis says of its files, once it writes none of them anew."""
    while True:
        with outages():
            said: dict[str, Any] = await client.info("persistence")
        if not said["aof_rewrite_in_progress"] and not said["aof_rewrite_scheduled"]:
            return said
        await asyncio.sleep(_LOOK_S)
