"""Read models on the real servers, each in a keyspace and under keys of its own."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import redis.asyncio

from infra.caching.hits import Hits
from infra.cassandra.connecting import Cassandra
from infra.cassandra.marks import CassandraMarks
from infra.cassandra.models import CassandraModels
from infra.cassandra.registry import Registry
from infra.cassandra.schema import migrate
from infra.cassandra.store import CassandraStore
from infra.clustering import ClusterReadModels
from infra.redis.connecting import connect
from infra.redis.copies import RedisCopies
from infra.redis.store import RedisCounterStore
from infra.stack.addresses import Addresses

SHARDS = 8
SERVERS = ("cassandra", "redis")


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Cluster:
    """An installation's read models, and what they are made of."""

    models: ClusterReadModels
    rows: CassandraModels
    store: CassandraStore
    cassandra: Cassandra
    counts: RedisCounterStore
    redis: redis.asyncio.Redis
    realm: str


@asynccontextmanager
async def keyspace(addresses: Addresses) -> AsyncIterator[str]:
    """A keyspace with the tables that all builds share, gone afterwards."""
    name = f"test_{uuid.uuid4().hex[:16]}"
    await asyncio.to_thread(migrate, [addresses.cassandra], name, replication=1)
    try:
        yield name
    finally:
        last = await Cassandra.open([addresses.cassandra], name)
        await asyncio.to_thread(last.execute, f"DROP KEYSPACE {name}")
        await last.close()


@asynccontextmanager
async def cluster(
    addresses: Addresses, space: str, *, shards: int = SHARDS, copies: str | None = None
) -> AsyncIterator[Cluster]:
    """One process's view of the read models in a keyspace; with `copies`, rows are copied into that Redis."""
    cassandra = await Cassandra.open([addresses.cassandra], space)
    client = connect(addresses.redis)
    copy = None if copies is None else RedisCopies(copies, realm=space, hits=Hits())
    store = CassandraStore(cassandra, now=utc_now, copy=copy)
    counts = RedisCounterStore(client, CassandraMarks(cassandra), realm=space, now=utc_now)
    registry = Registry(cassandra, "filmroll", utc_now, fresh_s=0.05)
    models = ClusterReadModels(
        registry,
        store,
        {"counters": counts, "analytics": counts, "trending": counts},
        now=utc_now,
        shards=shards,
        grace_s=0.15,
    )
    try:
        yield Cluster(models, CassandraModels(models, store), store, cassandra, counts, client, space)
    finally:
        await store.close()
        if copy is not None:
            await copy.close()
        await client.aclose()
        await cassandra.close()
