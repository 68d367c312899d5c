"""What an author with very many followers costs: rows a second, and what other authors feel of it meanwhile.

Run it with `python tests/bench/fanout.py [--cluster]`; it prints markdown. One author with FOLLOWERS (100,000) publishes;
feeds of followers are read while the work is behind, and 100 other authors publish all the time, each to a hundred
followers. Then the feed of a member who follows 1,000 authors, its first and its hundredth page, as ids. Without
`--cluster` in SQLite, else in Cassandra; FILMROLL_STACK_DIR names a stack to use instead of a fresh one.
"""

import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).parents[2]
sys.path[0] = str(ROOT)  # instead of this folder, whose names may be those of modules

from commands.errors import Unavailable  # noqa: E402
from infra.stack import control  # noqa: E402
from infra.stack.layout import default_cache  # noqa: E402
from projections.timelines import TIMELINES  # noqa: E402
from streams.fanout import FanOut, Hot, do  # noqa: E402
from tests.cluster import SERVERS  # noqa: E402
from tests.projections.desks import Author, Desk, live, member, on_cassandra, on_sqlite  # noqa: E402

FOLLOWERS = int(os.environ.get("BF", "100000"))
READERS = 500
AUTHORS, EACH = 100, 100
POSTS = 300
WORKERS = 4
TRIES = 5
FOLLOWED, PHOTOS, PAGE = 1_000, 6, 50
SHARDS = 256


def p99(took: list[float]) -> float:
    return quantiles(took, n=100)[98]


def row(what: str, took: list[float]) -> None:
    print(f"| {what} | {median(took) * 1_000:.2f} | {p99(took) * 1_000:.2f} |", flush=True)


async def read(desk: Desk, who: str, limit: int = PAGE, before: str | None = None) -> list[str]:
    """A page as readers get it: hot authors first (whom the member is taken to follow), then rows."""
    hot = await desk.timelines.hot()
    rows = await desk.timelines.page(who, before=before, limit=limit)
    merged = await desk.timelines.of_authors(hot, before=before, oldest="", limit=limit) if hot else ()
    return sorted({*merged, *(each.photo_id for each in rows)}, reverse=True)[:limit]


async def post(desk: Desk, other: Author, names: list[str], number: int) -> float:
    """From a photo's event until it stands in a follower's feed, in seconds."""
    began = time.perf_counter()
    (photo,) = await other.publish(names[number % AUTHORS])
    assert photo in await read(desk, member(10_000_000 + number % EACH))
    return time.perf_counter() - began


async def posts(desk: Desk, other: Author, names: list[str], wanted: Callable[[int], bool]) -> list[float]:
    took: list[float] = []
    while wanted(len(took)):
        took.append(await post(desk, other, names, len(took)))
    return took


async def very_many_followers(desk: Desk, workers: int) -> None:
    model = await live(desk, TIMELINES)
    star, other = Author(desk, TIMELINES, model, 0), Author(desk, TIMELINES, model, 1)
    author, followers = member(1), [member(1_000 + number) for number in range(FOLLOWERS)]
    names = [member(20_000_000 + number) for number in range(AUTHORS)]
    for name in names:
        await other.followed(name, [member(10_000_000 + number) for number in range(EACH)])
    await star.followed(author, followers)
    usual = await posts(desk, other, names, lambda done: done < POSTS)
    (photo,) = await star.publish(author)
    hot = Hot(model, author)
    sample = random.Random(1).sample(followers, READERS)
    reads = []
    for each in sample:
        began = time.perf_counter()
        assert photo in await read(desk, each)
        reads.append(time.perf_counter() - began)
    assert await desk.chunks.hot() == [hot], "all that was before anybody did the work"

    async def work() -> float:
        began = time.perf_counter()
        if not workers:
            await FanOut(desk.chunks).drain()
            return time.perf_counter() - began
        turns = asyncio.Semaphore(workers)

        async def one(chunk_id: str) -> None:
            async with turns:
                for _ in range(TRIES):
                    with suppress(Unavailable):  # a server that is overrun: the chunk is handed out again
                        return await do(desk.chunks, hot, chunk_id)
                raise TimeoutError(f"{chunk_id} was not done in {TRIES} tries")

        await asyncio.gather(*(one(each.chunk_id) for each in await desk.chunks.of(hot, limit=99)))
        return time.perf_counter() - began

    took, seconds, rounds = [], 0.0, 0
    while len(took) < POSTS:
        working = asyncio.create_task(work())
        took += await posts(desk, other, names, lambda _, working=working: not working.done())
        seconds, rounds = seconds + working.result(), rounds + 1
        assert not await desk.chunks.hot()
        for each in sample:
            rows = await desk.timelines.page(each, before=None, limit=1)
            assert [found.photo_id for found in rows] == [photo]
        (photo,) = await star.publish(author)
    print(f"| fan-out to {FOLLOWERS:,} while others publish: {rounds * FOLLOWERS / seconds:,.0f} rows/s | | |")
    row("read of one of those followers before any row is written", reads)
    row("post → visible of other authors, usually", usual)
    row("post → visible of other authors while the fan-out runs", took)
    print(f"| p99 while it runs, as a multiple of the usual: {p99(took) / p99(usual):.2f} | | |", flush=True)
    await asyncio.gather(*(do(desk.chunks, hot, each.chunk_id) for each in await desk.chunks.of(hot, limit=99)))


async def many_followed(desk: Desk) -> None:
    """First and hundredth page, where all is written ahead, and where it is read from the authors' lists alone."""
    model = (await desk.models.status())[-1].model
    log = Author(desk, TIMELINES, model, 2)
    reader = member(30_000_000)
    names = [member(31_000_000 + number) for number in range(FOLLOWED)]
    for name in names:
        await log.followed(name, [reader])
    for _ in range(PHOTOS):
        for name in names:
            await log.publish(name)
    deep: str | None = None
    for _ in range(99):
        deep = (await read(desk, reader, before=deep))[-1]

    for what, before in (("first page", None), ("hundredth page", deep)):
        cold = time.perf_counter()
        await read(desk, reader, before=before)
        cold = time.perf_counter() - cold
        took, lists = [], []
        for _ in range(200):
            began = time.perf_counter()
            await read(desk, reader, before=before)
            took.append(time.perf_counter() - began)
        for _ in range(30):
            began = time.perf_counter()
            await desk.timelines.of_authors([reader, *names], before=before, oldest="", limit=PAGE)
            lists.append(time.perf_counter() - began)
        row(f"{FOLLOWED:,} followed, {what} (the first time: {cold * 1_000:.1f} ms)", took)
        row(f"{FOLLOWED:,} followed, {what}, past the stored window", lists)


async def story(desk: Desk, workers: int) -> None:
    """Without workers, the work is done as it is in one process."""
    print("\n| what | p50 ms | p99 ms |\n|---|---|---|", flush=True)
    await very_many_followers(desk, workers)
    await many_followed(desk)


async def main(*, in_the_cluster: bool) -> None:
    async with AsyncExitStack() as stack:
        if not in_the_cluster:
            await story(await stack.enter_async_context(on_sqlite(TIMELINES)), 0)
            return
        root = os.environ.get("FILMROLL_STACK_DIR")
        if root is None:
            root = stack.enter_context(tempfile.TemporaryDirectory())
            control.up(Path(root), default_cache(), SERVERS)
            stack.callback(control.down, Path(root))
        addresses = control.addresses(Path(root))
        await story(await stack.enter_async_context(on_cassandra(addresses, shards=SHARDS)), WORKERS)


if __name__ == "__main__":
    asyncio.run(main(in_the_cluster="--cluster" in sys.argv[1:]))
