"""How fast facts are recorded in PostgreSQL: grouped commits beside the library's own `Application.save` and pgbench.

Run it with `python tests/bench/append_postgres.py`; it starts a server of its own (or uses the stack that
`FILMROLL_STACK_DIR` names) and prints markdown. Every caller awaits its commit before it asks for the next; the server
syncs every commit. Both sides write one like of some 340 stored bytes a call. Runs are interleaved, figures are medians.
"""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median
from uuid import uuid4

ROOT = Path(__file__).parents[2]
sys.path[0] = str(ROOT)  # not this folder, whose modules are named for what they measure

from eventsourcing.application import Application  # noqa: E402
from eventsourcing.domain import Aggregate, event  # noqa: E402
from psycopg.conninfo import conninfo_to_dict  # noqa: E402

from commands.ports import Context, Write  # noqa: E402
from domain.events import PhotoLiked  # noqa: E402
from domain.homes import Stream  # noqa: E402
from infra.eventstore.keys import SqliteKeys  # noqa: E402
from infra.eventstore.postgres_migration import migrate  # noqa: E402
from infra.eventstore.postgres_opening import open_postgres_store  # noqa: E402
from infra.stack import control  # noqa: E402
from infra.stack.layout import default_cache  # noqa: E402
from infra.stack.postgres import programs  # noqa: E402
from tests import databases  # noqa: E402

CALLERS = (1, 8, 32, 64)
ROUNDS = 5
SECONDS = 2.0
CONTEXT = Context(trace_id=uuid4().hex, causation_id=uuid4().hex, correlation_id=uuid4().hex)
IDS = {"photo_id": "01h2xcejqtf2n", "owner_id": "01h2xcejqtf3p", "member_id": "01h2xcejqtf4q"}

_turns = count()


class Like(Aggregate):
    """The same fact in the library's way."""

    @event("Given")
    def __init__(self, photo_id: str, owner_id: str, member_id: str, trace: str, cause: str, correlation: str) -> None:
        self.photo_id = photo_id
        self.owner_id = owner_id
        self.member_id = member_id
        self.trace = trace
        self.cause = cause
        self.correlation = correlation


def now() -> datetime:
    return datetime.now(UTC)


def library_saves(dsn: str, callers: int) -> float:
    """Saves a second, a thread for each caller."""
    given = conninfo_to_dict(dsn)
    names = {"POSTGRES_DBNAME": "dbname", "POSTGRES_HOST": "host", "POSTGRES_PORT": "port"}
    names |= {"POSTGRES_USER": "user", "POSTGRES_PASSWORD": "password"}
    sizes = {"POSTGRES_POOL_SIZE": str(min(callers, 20)), "POSTGRES_MAX_OVERFLOW": "0"}
    app: Application = Application(
        env={"PERSISTENCE_MODULE": "eventsourcing.postgres"}
        | {name: str(given[key]) for name, key in names.items()}
        | sizes
    )
    counts = [0] * callers
    deadline = time.perf_counter() + SECONDS

    def caller(number: int) -> None:
        while time.perf_counter() < deadline:
            app.save(
                Like(**IDS, trace=CONTEXT.trace_id, cause=CONTEXT.causation_id, correlation=CONTEXT.correlation_id)
            )
            counts[number] += 1

    threads = [threading.Thread(target=caller, args=(number,)) for number in range(callers)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    app.close()
    return sum(counts) / took


def grouped_appends(dsns: list[str], callers: int, logs: int = 1, lanes: int = 1) -> float:
    """Appends a second, a coroutine for each caller, each in a home of its own."""
    turn = f"{os.getpid()}.{next(_turns)}"

    async def story() -> float:
        with tempfile.TemporaryDirectory() as directory:
            keys = SqliteKeys(Path(directory) / "keys.db", bytes(32))
            store = open_postgres_store(dsns, logs=logs, keys=keys, now=now, lanes=lanes)
            counts = [0] * callers
            deadline = time.perf_counter() + SECONDS

            async def caller(number: int) -> None:
                while time.perf_counter() < deadline:
                    home = Stream(f"like:{turn}:{number}:{counts[number]}", number)
                    await store.append([Write(home, 0, (PhotoLiked(at=now(), **IDS),))], CONTEXT)
                    counts[number] += 1

            began = time.perf_counter()
            await asyncio.gather(*map(caller, range(callers)))
            took = time.perf_counter() - began
            await store.close()
            keys.close()
        return sum(counts) / took

    return asyncio.run(story())


def single_rows(dsn: str, callers: int) -> float:
    """What pgbench inserts, a transaction a row of the same size: the limit without grouping."""
    directory = programs()
    assert directory is not None
    psql, pgbench = str(directory / "psql"), str(directory / "pgbench")
    table = "CREATE TABLE IF NOT EXISTS single (id text, version bigint, topic text, state bytea, number bigserial,"
    subprocess.run([psql, "-Xqc", f"{table} PRIMARY KEY (id, version))", dsn], check=True, capture_output=True)
    insert = (
        "INSERT INTO single (id, version, topic, state) VALUES"
        " (gen_random_uuid()::text, 1, 'photo.liked.v1', decode(repeat('6c', 340), 'hex'));\n"
    )
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(insert)
        script.flush()
        options = ["-n", "-M", "prepared", "-c", str(callers), "-j", "2", "-T", str(round(SECONDS)), "-f", script.name]
        said = subprocess.run([pgbench, *options, dsn], check=True, capture_output=True, text=True).stdout
    found = re.search(r"^tps = ([\d.]+)", said, re.MULTILINE)
    assert found
    return float(found[1])


def against_the_library(server: str) -> None:
    ways: dict[str, Callable[[str, int], float]] = {
        "library": library_saves,
        "grouped": lambda dsn, callers: grouped_appends([dsn], callers),
        "pgbench": single_rows,
    }
    found: dict[tuple[str, int], list[float]] = {}
    for _ in range(ROUNDS):
        for callers in CALLERS:
            for name, measure in ways.items():
                dsns = databases.fresh([server])
                migrate(dsns, 1)
                found.setdefault((name, callers), []).append(measure(dsns[0], callers))
                databases.drop(dsns)
    print(
        "| callers | `Application.save`, events/s | grouped, events/s | times | pgbench, rows/s |\n|---|---|---|---|---|"
    )
    for callers in CALLERS:
        library, grouped, pgbench = (median(found[name, callers]) for name in ways)
        print(f"| {callers} | {library:,.0f} | {grouped:,.0f} | {grouped / library:.1f} | {pgbench:,.0f} |")


def over_logs(servers: list[str]) -> None:
    """One committing thread for each database, or a few."""
    cases = [(16, 1), (16, 4), (64, 1), (64, 4), (64, 16)]
    found: dict[tuple[int, int, int], list[float]] = {}
    for _ in range(ROUNDS):
        for logs, lanes in cases:
            for processes in (1, 3):
                dsns = databases.fresh(servers)
                migrate(dsns, logs)
                with ProcessPoolExecutor(processes) as pool:
                    each = [pool.submit(grouped_appends, dsns, 64, logs, lanes) for _ in range(processes)]
                    found.setdefault((logs, lanes, processes), []).append(sum(one.result() for one in each))
                databases.drop(dsns)
    print("\n| logs in 2 databases | committing threads a database | 1 process × 64 callers | 3 processes × 64 |")
    print("|---|---|---|---|")
    for logs, lanes in cases:
        one, three = (median(found[logs, lanes, processes]) for processes in (1, 3))
        print(f"| {logs} | {lanes} | {one:,.0f} | {three:,.0f} |")


def main() -> None:
    shared = os.environ.get("FILMROLL_STACK_DIR")
    with tempfile.TemporaryDirectory() as own:
        root = Path(shared or Path(own) / "stack")
        servers = control.up(root, default_cache(), ("postgres-a", "postgres-b")).postgres
        try:
            against_the_library(servers[0])
            over_logs(list(servers))
        finally:
            if not shared:
                control.down(root, wipe=True)


if __name__ == "__main__":
    main()
