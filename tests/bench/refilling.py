"""How fast timelines are rebuilt from PostgreSQL into Cassandra, beside the best batched writes of the driver.

Run it with `python tests/bench/refilling.py`; it prints markdown. 400 authors with 75 followers on average publish 10
photos each, so that every row is written by the rebuild itself: photos of authors with more than 100 followers are left
to workers, which spread them considerately (`fanout.py`). The other way writes the very rows that came of it, sorted by
partition in advance, as prepared statements in unlogged batches of 100 with 64 of them under way, and does nothing
else. Runs are interleaved, figures are medians. FILMROLL_STACK_DIR names a stack to use instead of a fresh one.
"""

import asyncio
import os
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from zlib import crc32

ROOT = Path(__file__).parents[2]
sys.path[0] = str(ROOT)  # not this folder, whose modules are named for what they measure

from cassandra.concurrent import execute_concurrent  # noqa: E402
from cassandra.query import BatchStatement, BatchType  # noqa: E402

from commands.ports import Context, Write  # noqa: E402
from domain import follows, photos  # noqa: E402
from domain.events import MemberFollowed  # noqa: E402
from domain.ids import new_id  # noqa: E402
from infra.eventstore.postgres_migration import migrate  # noqa: E402
from infra.stack.addresses import Addresses  # noqa: E402
from projections.stores import Model  # noqa: E402
from projections.timelines import TIMELINES, TimelineRow  # noqa: E402
from streams.ports import EventLog  # noqa: E402
from streams.rebuild import rebuild  # noqa: E402
from tests import databases  # noqa: E402
from tests.bench.histories import uploaded  # noqa: E402
from tests.bench.home.stacks import running  # noqa: E402
from tests.bench.projecting import opened  # noqa: E402
from tests.cluster import SERVERS, SHARDS, Cluster, cluster, in_those_days, keyspace  # noqa: E402

MEMBERS, AUTHORS, FOLLOWED, PHOTOS = 1_000, 400, 30, 10
APPENDED = 2_000
BATCH = 100
UNDER_WAY = 64
ROUNDS = 3
GOAL = 0.6
_PAGE = 10_000


def history(now: datetime) -> Iterator[Write]:
    """Follows, and then photos of the last week."""
    draw, began = random.Random(1), now - timedelta(days=7)
    members = [new_id(number % 1024, began + timedelta(seconds=number)) for number in range(MEMBERS)]
    for member in members:
        for author in draw.sample(members[:AUTHORS], FOLLOWED):
            if author != member:
                followed = MemberFollowed(at=began, follower_id=member, followed_id=author)
                yield Write(follows.stream(author, member), 0, (followed,))
    for number in range(PHOTOS):
        for at, author in enumerate(members[:AUTHORS]):
            taken = began + timedelta(hours=1 + number, seconds=at)
            photo = new_id(at, taken)
            yield Write(photos.stream(photo), 0, (uploaded(photo, author, taken),))


async def timeline_rows(known: Cluster, model: Model) -> list[TimelineRow]:
    """All of a build."""
    found: list[TimelineRow] = []
    after = None
    while page := await known.models.rows(model, TimelineRow, after=after, limit=_PAGE):
        found += page
        after = (page[-1].member_id, page[-1].photo_id)
    return found


async def ours(log: EventLog, known: Cluster) -> tuple[Model, float]:
    """A build, and the seconds that it took."""
    began = time.perf_counter()
    model = await rebuild(TIMELINES, log=log, models=known.models)
    return model, time.perf_counter() - began


def batches(known: Cluster, rows: Sequence[TimelineRow]) -> float:
    """The seconds that the driver takes to pack and send the rows."""
    cassandra = known.cassandra
    cassandra.execute("DROP TABLE IF EXISTS plain")
    cassandra.execute("CREATE TABLE plain (s int, m text, p text, o text, PRIMARY KEY ((s), m, p))")
    statement = cassandra.prepared("INSERT INTO plain (s, m, p, o) VALUES (?, ?, ?, ?) USING TIMESTAMP ?")
    parts: defaultdict[int, list[TimelineRow]] = defaultdict(list)
    for row in rows:
        parts[crc32(row.member_id.encode()) % SHARDS].append(row)
    began = time.perf_counter()
    made = []
    for shard, of_it in parts.items():
        for start in range(0, len(of_it), BATCH):
            batch = BatchStatement(BatchType.UNLOGGED)
            for number, row in enumerate(of_it[start : start + BATCH]):
                batch.add(statement, (shard, row.member_id, row.photo_id, row.owner_id, number + 1))
            made.append((batch, None))
    execute_concurrent(cassandra.session, made, concurrency=UNDER_WAY, raise_on_first_error=True)
    return time.perf_counter() - began


async def story(addresses: Addresses) -> None:
    (dsn,) = databases.fresh(addresses.postgres[:1])
    try:
        migrate([dsn], 1)
        async with opened(dsn) as store, keyspace(addresses) as space, cluster(addresses, space) as known:
            writes = list(history(in_those_days()))
            for start in range(0, len(writes), APPENDED):
                await store.append(writes[start : start + APPENDED], Context())
            print(f"{len(writes):,} events; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
            rebuilt, driven, count = [], [], 0
            for _ in range(ROUNDS):
                model, took = await ours(store, known)
                rows = await timeline_rows(known, model)
                count = len(rows)
                rebuilt.append(count / took)
                driven.append(count / await asyncio.to_thread(batches, known, rows))
                await known.models.drop(model)
            best, built = median(driven), median(rebuilt)
            print(f"| {count:,} timeline rows | rows/s | share |\n|---|---|---|")
            print(f"| unlogged batches of {BATCH}, the driver alone | {best:,.0f} | 1 |")
            print(f"| rebuild from the event store | {built:,.0f} | {built / best:.2f} (goal {GOAL}) |")
    finally:
        databases.drop([dsn])


def main() -> None:
    with running(*SERVERS, "postgres-a") as (_, addresses):
        asyncio.run(story(addresses))


if __name__ == "__main__":
    main()
