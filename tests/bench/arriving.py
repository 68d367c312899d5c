"""How fast photos arrive in timelines, end to end: event store, relay, Kafka, Faust, Cassandra; in pages of 200 photos.

Run it with `python tests/bench/arriving.py`; it prints markdown. AUTHORS with FOLLOWERS each; a page is 200 photos, put
into the event store at once, and has arrived when the build's checkpoints say so. Relay and host are processes of their
own. FILMROLL_STACK_DIR names a stack to use instead of a fresh one.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from uuid import uuid4

import uvloop

ROOT = Path(__file__).parents[2]
sys.path[0] = str(ROOT)  # not this folder, whose modules are named for what they measure

from commands.ports import Context, Write  # noqa: E402
from domain import follows, photos  # noqa: E402
from domain.events import MemberFollowed  # noqa: E402
from domain.ids import new_id  # noqa: E402
from infra.collecting import collect_seldom  # noqa: E402
from infra.eventstore.store import LibraryEventStore  # noqa: E402
from infra.kafka.topics import KafkaTopics  # noqa: E402
from infra.stack import control  # noqa: E402
from infra.stack.addresses import Addresses  # noqa: E402
from projections.stores import State  # noqa: E402
from projections.timelines import TIMELINES  # noqa: E402
from streams.hosting import Hosts  # noqa: E402
from tests.bench import streaming  # noqa: E402
from tests.bench.histories import uploaded  # noqa: E402
from tests.bench.home.stacks import running  # noqa: E402
from tests.cluster import SERVERS, Cluster, cluster, in_those_days, keyspace  # noqa: E402

AUTHORS, FOLLOWERS = 50, 100
PAGE, PAGES = 200, 20
DEADLINE_S = 120
_ROWS = PAGE * (FOLLOWERS + 1)


@asynccontextmanager
async def hosting(root: str, space: str) -> AsyncIterator[Cluster]:
    async with cluster(control.addresses(Path(root)), space) as known:
        yield known


async def host(directory: Path, servers: str, prefix: str, root: str, space: str) -> None:
    """What the worker does until it is killed."""
    collect_seldom()
    store = streaming.store_in(directory)
    async with hosting(root, space) as known:
        log = streaming.Unseen(store)
        await Hosts(log, known.models, [TIMELINES], streaming.broker(servers, prefix)).run()  # type: ignore[arg-type]


async def append(store: LibraryEventStore, writes: list[Write]) -> None:
    """A transaction for each log."""
    by_log: dict[int, list[Write]] = {}
    for write in writes:
        by_log.setdefault(write.stream.log(streaming.LOGS), []).append(write)
    await asyncio.gather(*(store.append(some, Context()) for some in by_log.values()))


async def story(root: str, addresses: Addresses) -> None:
    prefix, began = f"{uuid4().hex[:8]}.", in_those_days() - timedelta(days=7)
    await KafkaTopics(addresses.kafka).ensure([streaming.topic_of(prefix)])
    members = [new_id(number % 1024, began + timedelta(seconds=number)) for number in range(FOLLOWERS + AUTHORS)]
    authors, readers = members[:AUTHORS], members[AUTHORS:]
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        store = streaming.store_in(directory)
        async with keyspace(addresses) as space, hosting(root, space) as known:
            model = await known.models.create(TIMELINES, State.LIVE)

            async def level() -> bool:
                heads = {log: await store.head(log) for log in range(streaming.LOGS)}
                reached = await known.models.checkpoints(model)
                return all(reached.get(log, 0) >= head for log, head in heads.items())

            async def arrived() -> None:
                async with asyncio.timeout(DEADLINE_S):
                    while not await level():  # noqa: ASYNC110 the build's store tells nobody
                        await asyncio.sleep(0.002)

            worker = streaming.Process("host", directory, addresses.kafka, prefix, root, space, script=__file__)
            with worker, streaming.Process("relay", directory, addresses.kafka, prefix):
                await streaming.until(worker.assigned)
                for author in authors:
                    made = [MemberFollowed(at=began, follower_id=each, followed_id=author) for each in readers]
                    await append(store, [Write(follows.stream(author, one.follower_id), 0, (one,)) for one in made])
                await arrived()
                took = []
                for number in range(PAGES):
                    at = began + timedelta(hours=1 + number)
                    new = [(new_id(one, at + timedelta(seconds=one)), authors[one % AUTHORS]) for one in range(PAGE)]
                    writes = [Write(photos.stream(photo), 0, (uploaded(photo, owner, at),)) for photo, owner in new]
                    start = time.perf_counter()
                    await append(store, writes)
                    await arrived()
                    took.append(time.perf_counter() - start)
        await store.close()
    print(f"{PAGES} pages of {PAGE} photos, {FOLLOWERS} followers each; load {os.getloadavg()[0]:.1f}\n")
    print("| a page, from its append until its rows are there, s | the slowest | rows/s |\n|---|---|---|")
    print(f"| {median(took):.2f} | {max(took):.2f} | {_ROWS / median(took):,.0f} |")


def main() -> None:
    if sys.argv[1:2] == ["host"]:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(host(Path(sys.argv[2]), *sys.argv[3:]))
        return
    with running(*SERVERS, "kafka") as (root, addresses):
        asyncio.run(story(str(root), addresses))


if __name__ == "__main__":
    main()
