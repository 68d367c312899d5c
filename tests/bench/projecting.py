"""How fast counters are rebuilt from PostgreSQL: beside the library's own projection runner, and beside reading alone.

Run it with `python tests/bench/projecting.py [EVENTS]`; it prints markdown. A power-law history (`histories.py`) lies in
one log of a fresh database; counters are rebuilt into Redis. The library's runner reads the very same rows through its
own subscription, decodes them with our codec, and adds to a table of the same server, an event a transaction with its
tracking, which is all that it can do; it runs for a few seconds. `memory` is the peak of a process that rebuilds a
quarter of the log, and all of it. FILMROLL_STACK_DIR names a stack to use instead of a fresh one.
"""

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[0] = str(ROOT)  # not this folder, whose modules are named for what they measure

from eventsourcing.application import Application  # noqa: E402
from eventsourcing.persistence import Tracking  # noqa: E402
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder  # noqa: E402
from eventsourcing.projection import Projection, ProjectionRunner  # noqa: E402
from psycopg.conninfo import conninfo_to_dict  # noqa: E402
from psycopg.sql import SQL, Identifier  # noqa: E402

from commands.ports import Context, Write  # noqa: E402
from domain.events import event_type  # noqa: E402
from domain.wire import stored_names  # noqa: E402
from infra.eventstore import codec  # noqa: E402
from infra.eventstore.keys import SqliteKeys  # noqa: E402
from infra.eventstore.postgres_migration import migrate  # noqa: E402
from infra.eventstore.postgres_opening import open_postgres_store  # noqa: E402
from infra.eventstore.postgres_recorder import LogRecorder  # noqa: E402
from infra.eventstore.store import LibraryEventStore  # noqa: E402
from infra.stack.addresses import Addresses  # noqa: E402
from projections.counters import COUNTERS  # noqa: E402
from projections.rows import Count  # noqa: E402
from streams.ports import Stored  # noqa: E402
from streams.rebuild import BATCH, rebuild  # noqa: E402
from streams.replay import Until  # noqa: E402
from tests import databases  # noqa: E402
from tests.bench.histories import power_law  # noqa: E402
from tests.bench.home.stacks import running  # noqa: E402
from tests.cluster import SERVERS, cluster, keyspace  # noqa: E402

EVENTS = 1_000_000
ROUNDS = 3
APPENDED = 2_000
RUNNER_S = 5.0
GOALS = (30, 0.5)


class View(PostgresTrackingRecorder):
    """Tallies in a table, each addition with its tracking in one transaction."""

    def __init__(self, datastore: PostgresDatastore, **given: Any) -> None:
        super().__init__(datastore, **given)
        table = SQL("{0}.{1}").format(Identifier(datastore.schema), Identifier("plain_tallies"))
        create = "CREATE TABLE IF NOT EXISTS {0} (subject text, kind text, count bigint, PRIMARY KEY (subject, kind))"
        self.sql_create_statements.append(SQL(create).format(table))
        add = "INSERT INTO {0} VALUES (%s, %s, %s) ON CONFLICT (subject, kind) DO UPDATE SET count = {0}.count + %s"
        self._statement = SQL(add).format(table)

    def add(self, counts: list[Count], tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            for each in counts:
                cursor.execute(self._statement, (each.subject, each.kind, each.by, each.by), prepare=True)


class Tallies(Projection[View]):
    """Our own projection under the library's runner."""

    done = 0

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:  # type: ignore[override]
        counts: list[Any] = []
        if type(domain_event.event) in COUNTERS.handles:
            counts = list(COUNTERS.project(domain_event, None))  # type: ignore[arg-type]
        self.view.add(counts, tracking)
        Tallies.done += 1


class Log(Application):
    """Our log of events, as an application of the library's."""

    def construct_recorder(self) -> Any:
        return LogRecorder(self.factory.datastore, 0)  # type: ignore[attr-defined]

    def construct_mapper(self) -> Any:
        return SimpleNamespace(to_domain_event=_decoded)


def _decoded(stored: Any) -> Any:
    own = Stored(0, stored.id, stored.originator_id, stored.originator_version, stored.topic, stored.state)
    return codec.decoded(own, codec.parse(own.state), {})


def runner(dsn: str) -> float:
    """Events a second of the library's runner."""
    given = conninfo_to_dict(dsn)
    names = {"POSTGRES_DBNAME": "dbname", "POSTGRES_HOST": "host", "POSTGRES_PORT": "port"}
    names |= {"POSTGRES_USER": "user", "POSTGRES_PASSWORD": "password"}
    env = {name: str(given.get(key) or "") for name, key in names.items()}
    env |= {"PERSISTENCE_MODULE": "eventsourcing.postgres", "ORIGINATOR_ID_TYPE": "text"}
    with ProjectionRunner(application_class=Log, projection_class=Tallies, view_class=View, env=env) as running:
        wait = threading.Event()
        while Tallies.done < 100:
            running.run_forever(timeout=0.05)
        before, began = Tallies.done, time.perf_counter()
        wait.wait(RUNNER_S)
        rate = (Tallies.done - before) / (time.perf_counter() - began)
        running.stop()
    return rate


async def fill(store: LibraryEventStore, count: int) -> int:
    """The history, some thousand streams a transaction."""
    made, waiting = 0, list[Write]()
    for write in power_law(count):
        waiting.append(write)
        made += len(write.events)
        if len(waiting) == APPENDED:
            await store.append(waiting, Context())
            waiting = []
    await store.append(waiting, Context())
    return made


async def read_alone(store: LibraryEventStore) -> None:
    """Pages as a rebuild reads them, decoded."""
    names = stored_names(event_type(cls).name for cls in COUNTERS.handles)
    after, more = 0, True
    while more:
        page = await store.read(0, after, BATCH, names, personal=False)
        after, more = page.last, page.more


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


@asynccontextmanager
async def opened(dsn: str):
    with tempfile.TemporaryDirectory() as directory:
        keys = SqliteKeys(Path(directory) / "keys.db", bytes(32))
        store = open_postgres_store([dsn], logs=1, keys=keys, now=lambda: datetime.now(UTC))
        try:
            yield store
        finally:
            await store.close()
            keys.close()


async def rebuilt_part(addresses: Addresses, dsn: str, space: str, share: float) -> None:
    """A rebuild of the beginning of the log; prints this process's peak of memory in KiB."""
    async with opened(dsn) as store, cluster(addresses, space) as known:
        log = Until(store, {0: int(await store.head(0) * share)})
        model = await rebuild(COUNTERS, log=log, models=known.models)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        await known.models.drop(model)


def peak(root: Path, dsn: str, space: str, share: float) -> float:
    """MiB."""
    words = [sys.executable, __file__, "part", dsn, space, str(share)]
    own = {**os.environ, "FILMROLL_STACK_DIR": str(root)}
    return int(subprocess.run(words, check=True, capture_output=True, text=True, env=own).stdout.split()[-1]) / 1024


async def story(root: Path, addresses: Addresses, count: int) -> None:
    (dsn,) = databases.fresh(addresses.postgres[:1])
    try:
        migrate([dsn], 1)
        async with opened(dsn) as store, keyspace(addresses) as space, cluster(addresses, space) as known:
            began = time.perf_counter()
            made = await fill(store, count)
            took = time.perf_counter() - began
            print(
                f"{made:,} events appended in {took:.0f} s; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n"
            )
            alone, rebuilt, library = [], [], []
            for _ in range(ROUNDS):
                alone.append(made / await timed(partial(read_alone, store)))
                rebuilt.append(made / await timed(lambda: rebuild(COUNTERS, log=store, models=known.models)))
                library.append(await asyncio.to_thread(runner, dsn))
            base, read, built = median(library), median(alone), median(rebuilt)
            print("| counters from PostgreSQL | events/s | times |\n|---|---|---|")
            print(f"| the library's projection runner | {base:,.0f} | 1 |")
            print(f"| rebuild into Redis | {built:,.0f} | {built / base:.1f} (goal {GOALS[0]}) |")
            print(
                f"| reading and decoding alone | {read:,.0f} | rebuild: {built / read:.0%} of it (goal {GOALS[1]:.0%}) |"
            )
            quarter, whole = [await asyncio.to_thread(peak, root, dsn, space, share) for share in (0.25, 1.0)]
            print(f"\nmemory: {quarter:.0f} MiB at the peak for a quarter of it, {whole:.0f} MiB for all")
            print(f"\nload at the end {os.getloadavg()[0]:.1f}")
    finally:
        databases.drop([dsn])


def main() -> None:
    with running(*SERVERS, "postgres-a") as (root, addresses):
        if sys.argv[1:2] == ["part"]:
            asyncio.run(rebuilt_part(addresses, sys.argv[2], sys.argv[3], float(sys.argv[4])))
        else:
            asyncio.run(story(root, addresses, int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS))


if __name__ == "__main__":
    main()
