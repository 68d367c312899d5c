"""How fast a photo reaches its followers' timelines in Cassandra: our batches beside the driver's own way.

Run it with `python tests/bench/timelines.py`; it prints markdown. One author with 2,000 followers publishes 50 photos,
so 100,000 rows; ours is the whole way of a batch through the store: projected, written, its checkpoint moved. The
other way is what the driver's manual recommends: `execute_concurrent_with_args` of prepared inserts, a partition for
each member. Runs are interleaved, figures are medians. FILMROLL_STACK_DIR names a stack to use instead of a fresh one.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
sys.path[0] = str(ROOT)  # instead of this folder, whose names may be those of modules

from cassandra.concurrent import execute_concurrent_with_args  # noqa: E402

from domain.events import Event, MemberFollowed, PhotoUploaded  # noqa: E402
from domain.ids import new_id  # noqa: E402
from infra.cassandra.timelines import CassandraTimelines  # noqa: E402
from infra.stack.addresses import Addresses  # noqa: E402
from projections.stores import Batch, Fed, State  # noqa: E402
from projections.timelines import build_timelines  # noqa: E402
from tests.bench.home.stacks import running  # noqa: E402
from tests.cluster import SERVERS, Cluster, cluster, keyspace  # noqa: E402
from tests.streams.memory_log import MemoryLog  # noqa: E402

FOLLOWERS = 2_000
PHOTOS = 50
SINGLE = 10_000
PAGES = 500
TIMELINES = build_timelines(inline=FOLLOWERS)  # as one batch, which is what is compared
ROUNDS = 5
SHARDS = (256, 32)
START = datetime(2025, 3, 1, tzinfo=UTC)


def members() -> list[str]:
    return [new_id(number % 1024, START + timedelta(seconds=number)) for number in range(FOLLOWERS)]


def uploaded(owner: str, number: int) -> Event:
    return PhotoUploaded(
        at=START,
        photo_id=new_id(0, START + timedelta(hours=1, seconds=number)),
        owner_id=owner,
        upload_id="",
        object_key="",
        content_type="image/jpeg",
        size=1,
        sha256=None,
        filename="",
        caption="",
        alt_text="",
        tags=(),
        mentions=(),
        audience="public",
        place="",
        show_location=False,
    )


async def batches(known: Cluster, followers: Sequence[str]) -> tuple[float, float]:
    """Rows a second through the store, and the milliseconds of a page afterwards."""
    log, owner = MemoryLog(), new_id(0, START)
    for member in followers:
        log.append(0, f"follow-{member}", MemberFollowed(at=START, follower_id=member, followed_id=owner))
    model = await known.models.create(TIMELINES, State.READY)
    await known.models.switch(model)
    followed = log.heads()[0]
    await known.models.feed(model, TIMELINES, Batch(0, 0, followed, log.facts[0]), park=False)
    photos = [fact for number in range(PHOTOS) for fact in log.append(0, f"photo-{number}", uploaded(owner, number))]
    began = time.perf_counter()
    fed = await known.models.feed(model, TIMELINES, Batch(0, followed, log.heads()[0], photos), park=False)
    took = time.perf_counter() - began
    assert fed is Fed.APPLIED
    timelines = CassandraTimelines(known.rows)
    began = time.perf_counter()
    for number in range(PAGES):
        page = await timelines.page(followers[number * 3 % FOLLOWERS], before=None, limit=PHOTOS)
        assert len(page) == PHOTOS
    read = (time.perf_counter() - began) / PAGES * 1_000
    return (FOLLOWERS + 1) * PHOTOS / took, read


def singles(known: Cluster, followers: Sequence[str]) -> float:
    """Rows a second in the driver's own way."""
    known.cassandra.execute("CREATE TABLE IF NOT EXISTS plain (m text, p text, o text, PRIMARY KEY ((m), p))")
    statement = known.cassandra.prepared("INSERT INTO plain (m, p, o) VALUES (?, ?, ?)")
    rows = [(followers[n % FOLLOWERS], new_id(0, START + timedelta(seconds=n)), "owner") for n in range(SINGLE)]
    began = time.perf_counter()
    execute_concurrent_with_args(known.cassandra.session, statement, rows, concurrency=100)
    return SINGLE / (time.perf_counter() - began)


async def story(addresses: Addresses) -> None:
    followers = members()
    ours: dict[int, list[tuple[float, float]]] = {shards: [] for shards in SHARDS}
    plain: list[float] = []
    async with keyspace(addresses) as space:
        for _ in range(ROUNDS):
            for shards in SHARDS:
                async with cluster(addresses, space, shards=shards) as known:
                    ours[shards].append(await batches(known, followers))
            async with cluster(addresses, space) as known:
                plain.append(await asyncio.to_thread(singles, known, followers))
    base = median(plain)
    print("| timelines of 2,000 followers, 50 photos | rows/s | times | page of 50, ms |\n|---|---|---|---|")
    print(f"| `execute_concurrent`, a partition for each member | {base:,.0f} | 1 | |")
    for shards, found in ours.items():
        rate, read = (median(each) for each in zip(*found, strict=True))
        print(f"| one-partition batches, {shards} shards | {rate:,.0f} | {rate / base:.1f} | {read:.2f} |")


def main() -> None:
    with running(*SERVERS) as (_, addresses):
        asyncio.run(story(addresses))


if __name__ == "__main__":
    main()
