"""Read models on the real servers, each in a keyspace and under keys of its own."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import redis
import redis.asyncio

from infra.caching.hits import Hits
from infra.cassandra.connecting import Cassandra
from infra.cassandra.marks import CassandraMarks
from infra.cassandra.models import CassandraModels
from infra.cassandra.registry import Registry
from infra.cassandra.schema import migrate
from infra.cassandra.store import CassandraStore
from infra.clustering import ClusterReadModels, Store
from infra.opensearch.connecting import OpenSearch
from infra.opensearch.store import SEARCHED, OpenSearchStore
from infra.redis.connecting import connect
from infra.redis.copies import RedisCopies
from infra.redis.store import RedisCounterStore
from infra.stack.addresses import Addresses
from tests.streams.memory_log import START

SHARDS = 8
_BEGAN = datetime.now(UTC)
SERVERS = ("cassandra", "redis")


def utc_now() -> datetime:
    return datetime.now(UTC)


def in_those_days() -> datetime:
    """A clock that goes, in the month of most histories."""
    return START + timedelta(days=31) + (utc_now() - _BEGAN)


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


_emptied: dict[str, tuple[int, dict[str, int]]] = {}
"""How often the tables of each keyspace had been written when it was last empty, and in which run of the server."""
_spare: dict[Addresses, list[str]] = {}
"""Keyspaces that nobody uses, each with the tables that somebody needed, all of them empty.

Cassandra takes a tenth of a second and all of a core for each table that it makes or drops, and all read models
together have a hundred.
"""


@asynccontextmanager
async def keyspace(addresses: Addresses) -> AsyncIterator[str]:
    """A keyspace with the tables that all builds share, all of them empty, and nobody else's until this ends."""
    name = await asyncio.to_thread(borrow, addresses)
    yield name  # where this raises, nobody knows what is under way yet: it is not given to anybody again
    await asyncio.to_thread(give_back, addresses, name)


def borrow(addresses: Addresses) -> str:
    """The name of an empty keyspace, and of a realm in Redis without a key; blocking."""
    if spare := _spare.get(addresses):
        return spare.pop()
    name = f"test_{uuid.uuid4().hex[:16]}"
    migrate([addresses.cassandra], name, replication=1)
    with _opened(addresses, name) as cassandra:
        _emptied[name] = _written(cassandra, name)
    return name


def give_back(addresses: Addresses, name: str) -> None:
    """Empty what was borrowed, once nobody writes to it any more; blocking."""
    with _opened(addresses, name) as cassandra:
        (run, before), (now, writes) = _emptied[name], _written(cassandra, name)
        for table, number in writes.items():
            if run != now or number != before.get(table, 0):
                cassandra.execute(f"TRUNCATE {table}")  # also where no row is left: what ended rows ends later ones too
        _emptied[name] = now, writes
    with redis.Redis.from_url(addresses.redis) as client:
        for key in client.scan_iter(f"*{name}:*", count=10_000):
            client.delete(key)
    _spare.setdefault(addresses, []).append(name)


def drop_spares() -> None:
    """Leave the servers without them."""
    while _spare:
        addresses, names = _spare.popitem()
        for name in names:
            with _opened(addresses, name) as cassandra:
                cassandra.execute(f"DROP KEYSPACE {name}")


def _written(cassandra: Cassandra, name: str) -> tuple[int, dict[str, int]]:
    """Which run of the server this is, and how often each table of a keyspace was written in it."""
    ((run,),) = cassandra.ask("SELECT gossip_generation FROM system.local")
    rows = cassandra.ask("SELECT keyspace_name, table_name, count FROM system_views.local_write_latency")
    return run, {table: number for keyspace, table, number in rows if keyspace == name}


@contextmanager
def _opened(addresses: Addresses, name: str) -> Iterator[Cassandra]:
    cassandra = Cassandra.connect([addresses.cassandra], name)
    try:
        yield cassandra
    finally:
        cassandra.session.cluster.shutdown()


@asynccontextmanager
async def own_keyspace(addresses: Addresses) -> AsyncIterator[str]:
    """One that was nobody's before, and will be nobody's again: for tests that break off writes, which may come late."""
    name = f"test_{uuid.uuid4().hex[:16]}"
    await asyncio.to_thread(migrate, [addresses.cassandra], name, replication=1)
    yield name
    with _opened(addresses, name) as cassandra:
        await asyncio.to_thread(cassandra.execute, f"DROP KEYSPACE {name}")


@asynccontextmanager
async def cluster(
    addresses: Addresses,
    space: str,
    *,
    shards: int = SHARDS,
    copies: str | None = None,
    documents: bool = False,
    now: Callable[[], datetime] = in_those_days,
) -> AsyncIterator[Cluster]:
    """One process's view of the read models in a keyspace; with `copies`, rows are copied into that Redis.

    With `documents`, what is searched lies in OpenSearch, under the keyspace's name as a prefix. `now` is when rows are
    written and read, by which those end that are kept for a time; histories are of 2025.
    """
    cassandra = await Cassandra.open([addresses.cassandra], space)
    client = connect(addresses.redis)
    copy = None if copies is None else RedisCopies(copies, realm=space, hits=Hits())
    store = CassandraStore(cassandra, now=now, copy=copy)
    counts = RedisCounterStore(client, CassandraMarks(cassandra), realm=space, now=utc_now)
    registry = Registry(cassandra, "filmroll", utc_now, fresh_s=0.05)
    stores: dict[str, Store] = {"counters": counts, "analytics": counts, "trending": counts}
    search = OpenSearch(addresses.opensearch, prefix=_prefix(space)) if documents else None
    if search is not None:
        found = OpenSearchStore(search, now=utc_now)
        await found.open()
        stores |= {projection.name: found for projection in SEARCHED}
    models = ClusterReadModels(
        registry,
        store,
        stores,
        now=utc_now,
        shards=shards,
        grace_s=0.15,
    )
    try:
        yield Cluster(models, CassandraModels(models, store), store, cassandra, counts, client, space)
    finally:
        await store.close()
        if search is not None:
            await search.close()
        if copy is not None:
            await copy.close()
        await client.aclose()
        await cassandra.close()


async def end_documents(addresses: Addresses, space: str) -> None:
    """Leave OpenSearch without what was searched there."""
    search = OpenSearch(addresses.opensearch, prefix=_prefix(space))
    await search.ask("DELETE", f"/{search.prefix}-*")
    await search.close()


def _prefix(space: str) -> str:
    return space.replace("_", "-")
