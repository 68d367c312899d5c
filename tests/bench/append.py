"""How fast facts are recorded and read back: our grouped commits beside the library's own `Application.save`.

Run it with `python tests/bench/append.py`; it prints markdown. Both sides write one like of some 340 stored bytes a
transaction asked for, to a fresh SQLite file in WAL mode with `synchronous=FULL`, and every caller awaits its commit
before asking for the next. Runs are interleaved, figures are medians.
"""

import asyncio
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from uuid import uuid4

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from eventsourcing.application import Application  # noqa: E402
from eventsourcing.domain import Aggregate, event  # noqa: E402

from commands.ports import Context, Write  # noqa: E402
from domain.events import PhotoLiked, ProfileChanged  # noqa: E402
from domain.homes import Stream  # noqa: E402
from infra.eventstore.keys import SqliteKeys  # noqa: E402
from infra.eventstore.opening import open_sqlite_store  # noqa: E402
from infra.eventstore.store import LibraryEventStore  # noqa: E402

CALLERS = (1, 8, 32)
ROUNDS = 5
SECONDS = 2.0
HISTORY = 40_000
CONTEXT = Context(trace_id=uuid4().hex, causation_id=uuid4().hex, correlation_id=uuid4().hex)
IDS = {"photo_id": "01h2xcejqtf2n", "owner_id": "01h2xcejqtf3p", "member_id": "01h2xcejqtf4q"}


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


def library_saves(directory: Path, callers: int) -> float:
    """Saves a second, a thread for each caller."""
    app: Application = Application(
        env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(directory / "library.db")}
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


def grouped_appends(directory: Path, callers: int) -> float:
    """Appends a second, a coroutine for each caller."""

    async def story() -> float:
        store = open_store(directory)
        counts = [0] * callers
        deadline = time.perf_counter() + SECONDS

        async def caller(number: int) -> None:
            while time.perf_counter() < deadline:
                like = Write(Stream(f"like:{number}:{counts[number]}", 7), 0, (PhotoLiked(at=now(), **IDS),))
                await store.append([like], CONTEXT)
                counts[number] += 1

        began = time.perf_counter()
        await asyncio.gather(*map(caller, range(callers)))
        took = time.perf_counter() - began
        await store.close()
        return sum(counts) / took

    return asyncio.run(story())


def open_store(directory: Path) -> LibraryEventStore:
    return open_sqlite_store(
        directory / "events.db", logs=1, keys=SqliteKeys(directory / "keys.db", bytes(32)), now=now
    )


async def readings(directory: Path) -> dict[str, float]:
    """Events a second from a history in which every fourth event has personal fields, in pages of 1,000."""
    store = open_store(directory)
    members = [f"member{n}" for n in range(100)]
    for first in range(0, HISTORY, 1000):
        writes = [
            Write(
                Stream(f"s{n}", 0),
                0,
                (
                    ProfileChanged(at=now(), member_id=members[n % 100], first_name="Ada", last_name="B", bio="x" * 60)
                    if n % 4 == 0
                    else PhotoLiked(at=now(), **IDS),
                ),
            )
            for n in range(first, first + 1000)
        ]
        await store.append(writes, CONTEXT)

    async def rate(read: Callable[[int], object]) -> float:
        began = time.perf_counter()
        for after in range(0, HISTORY, 1000):
            await read(after)  # type: ignore[misc]
        return HISTORY / (time.perf_counter() - began)

    likes = frozenset({"photo.liked.v1"})
    ways: dict[str, Callable[[int], object]] = {
        "read stored": lambda after: store.read_stored(0, after, 1000),
        "read and decode": lambda after: store.read(0, after, 1000),
        "read and decode, without personal fields": lambda after: store.read(0, after, 1000, personal=False),
        "read, decode the likes alone": lambda after: store.read(0, after, 1000, likes),
    }
    found: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for way, read in ways.items():
            found[way].append(await rate(read))
    await store.close()
    return {way: median(rates) for way, rates in found.items()}


def appending() -> None:
    found: dict[tuple[str, int], list[float]] = {}
    for _ in range(ROUNDS):
        for callers in CALLERS:
            for name, measure in (("library", library_saves), ("grouped", grouped_appends)):
                with tempfile.TemporaryDirectory() as directory:
                    found.setdefault((name, callers), []).append(measure(Path(directory), callers))
    print("| callers | `Application.save`, events/s | grouped, events/s | times |\n|---|---|---|---|")
    for callers in CALLERS:
        library, grouped = (median(found[name, callers]) for name in ("library", "grouped"))
        print(f"| {callers} | {library:,.0f} | {grouped:,.0f} | {grouped / library:.1f} |")


def reading() -> None:
    with tempfile.TemporaryDirectory() as directory:
        rates = asyncio.run(readings(Path(directory)))
    print("\n| reading, pages of 1,000 | events/s |\n|---|---|")
    for way, rate in rates.items():
        print(f"| {way} | {rate:,.0f} |")


if __name__ == "__main__":
    appending()
    reading()
