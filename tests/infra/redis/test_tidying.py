"""Redis's append-only file is emptied of what was deleted, whoever else has it written anew meanwhile."""

import asyncio
import uuid

import pytest

from infra.redis.connecting import connect
from infra.redis.tidying import rewrite_log
from tests.scanning import data_of, found_in
from tests.servers import Servers

pytestmark = pytest.mark.cluster


async def test_what_was_deleted_or_replaced_leaves_the_files(stack: Servers) -> None:
    files, mark = data_of(stack.root, "redis"), uuid.uuid4().hex
    deleted, replaced, kept = (f"{word}{mark}" for word in ("zabaglione", "kerfuffle", "marzipan"))
    keys = [f"test:tidying:{mark}:{number}" for number in range(3)]
    async with connect(stack.need("redis").redis) as client:
        for key, word in zip(keys, (deleted, replaced, kept), strict=True):
            await client.set(key, word)
        await client.delete(keys[0])
        await client.set(keys[1], "")
        async with asyncio.timeout(60):
            while found_in(files, deleted, replaced, kept) != {deleted, replaced, kept}:  # noqa: ASYNC110
                await asyncio.sleep(0.05)  # Redis writes to its file later while the disk is busy
        await asyncio.gather(*(rewrite_log(client) for _ in range(3)))
        assert found_in(files, deleted, replaced, kept) == {kept}
        await client.delete(*keys)
