"""What readers feel while an operator rebuilds, verifies, switches and rolls back: p99 of reads, beside the usual.

Run it with `python tests/bench/operating.py`; it prints markdown. Embedded; MEMBERS members, FOLLOWED followed by each on
average, a history appended straight to the event store. Reads and writes come at a steady pace, whatever the answers
take, so no answer spares the server the next request: for SECONDS before, for as long as the operator works, and for
SECONDS after. One more reader walks a feed in small pages all the while, and has to find the same photos each time.
Server, operator and clients share this machine's cores.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[2]
sys.path[0] = str(ROOT)  # instead of this folder, whose names may be those of modules

import httpx  # noqa: E402

from infra.embedded import open_core  # noqa: E402
from infra.settings import Settings  # noqa: E402
from tests.bench.feed import level, tokens  # noqa: E402
from tests.bench.home.asking import LENGTH, Answers  # noqa: E402
from tests.bench.home.world import World, made, recorded  # noqa: E402
from tests.serving import Server  # noqa: E402

MEMBERS = int(os.environ.get("MEMBERS", "600"))
FOLLOWED = int(os.environ.get("FOLLOWED", "100"))
SECONDS = float(os.environ.get("SECONDS", "15"))
PHOTOS = 6
READERS, WRITERS, A_SECOND = 8, 2, 5.0
REBUILT = ("timelines", "likes", "counters")
FILMROLL = Path(sys.executable).parent / "filmroll"
GOAL = 2


async def develop(data: Path, world: World) -> list[str]:
    """Record the world and feed the read models; a token for each member."""
    async with open_core(Settings(data=data, synchronous="NORMAL"), create=True) as core:
        await recorded(world, core.store)
        await level(core)
        return tokens(world.members, core.installation.token_keys(1)["1"])


def request(url: str, method: str, path: str, token: str) -> bytes:
    """As it travels."""
    head = f"{method} /v1{path} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nAuthorization: Bearer {token}\r\n"
    return f"{head}Content-Length: 0\r\n\r\n".encode()


def reads(url: str, world: World, known: Sequence[str]) -> Iterator[bytes]:
    """Feeds, photos and lists, by everybody in turn."""
    photos = cycle(world.photos)
    for number, token in enumerate(cycle(known)):
        photo = next(photos)
        yield request(url, "GET", ("/feed?limit=20", f"/photos/{photo}", f"/photos/{photo}/likes")[number % 3], token)


def writes(url: str, world: World, known: Sequence[str]) -> Iterator[bytes]:
    """Likes and their end."""
    for photo in cycle(world.photos):
        for method in ("PUT", "DELETE"):
            yield request(url, method, f"/photos/{photo}/like", known[0])


async def paced(url: str, asked: Iterator[bytes], answers: Answers, over: asyncio.Event) -> None:
    """One client that asks at its pace; an answer counts from when it was due."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=1 << 22)
    due = time.perf_counter()
    while not over.is_set():
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        writer.write(next(asked))
        head = await reader.readuntil(b"\r\n\r\n")
        if length := LENGTH.search(head):
            await reader.readexactly(int(length[1]))
        answers.took.append(time.perf_counter() - due)
        answers.failed += not head.startswith(b"HTTP/1.1 2")
        due += 1 / A_SECOND
    writer.close()
    await writer.wait_closed()


async def walk(url: str, token: str) -> list[str]:
    """Every photo of a feed, in small pages."""
    found: list[str] = []
    params: dict[str, str] = {"limit": "7"}
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
        while True:
            page = (await client.get(f"{url}/v1/feed", params=params)).raise_for_status().json()
            found += [item["photo_id"] for item in page["items"]]
            if page["next_cursor"] is None:
                return found
            params["cursor"] = page["next_cursor"]


async def walking(url: str, token: str, over: asyncio.Event) -> int:
    """How many walks found the very same."""
    first, walks = await walk(url, token), 0
    assert len(first) == len(set(first)) > 50
    while not over.is_set():
        assert await walk(url, token) == first
        walks += 1
    return walks


async def operate(data: Path, *words: str) -> str:
    """`filmroll projections …`, which has to succeed."""
    command = [str(FILMROLL), "projections", *words, "--data", str(data)]
    running = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await running.communicate()
    assert running.returncode == 0, words
    return said.decode()


async def operated(data: Path) -> None:
    """The whole path of an operator, for several read models."""
    for name in REBUILT:
        await operate(data, "rebuild", name)
        builds = map(json.loads, (await operate(data, "status", "--json")).splitlines())
        (fresh,) = [
            each["build"] for each in builds if each["build"].startswith(f"{name}@") and each["state"] == "ready"
        ]
        assert "equal" in await operate(data, "verify", name)
        await operate(data, "switch", fresh)
        await operate(data, "rollback", name)
        await operate(data, "drop", fresh)


async def measured(url: str, world: World, known: Sequence[str], work: asyncio.Task[None]) -> tuple[Answers, Answers]:
    """What readers and writers got while something went on."""
    over, read, wrote = asyncio.Event(), Answers(), Answers()
    asked, changed = reads(url, world, known), writes(url, world, known)
    clients = [asyncio.create_task(paced(url, asked, read, over)) for _ in range(READERS)]
    clients += [asyncio.create_task(paced(url, changed, wrote, over)) for _ in range(WRITERS)]
    walker = asyncio.create_task(walking(url, known[1], over))
    await work
    over.set()
    await asyncio.gather(*clients, walker)
    return read, wrote


async def story(url: str, data: Path, world: World, known: Sequence[str]) -> None:
    phases = (
        ("before", lambda: asyncio.sleep(SECONDS)),
        ("while the operator works", lambda: operated(data)),
        ("after", lambda: asyncio.sleep(SECONDS)),
    )
    print(
        "| | seconds | reads | p50 ms | p99 ms | writes, p99 ms | failed |\n|---|---|---|---|---|---|---|", flush=True
    )
    p99: list[float] = []
    for what, work in phases:
        began = time.perf_counter()
        read, wrote = await measured(url, world, known, asyncio.create_task(work()))
        cuts, other = quantiles(read.took, n=100), quantiles(wrote.took, n=100)
        p99.append(cuts[98] * 1000)
        print(
            f"| {what} | {time.perf_counter() - began:.0f} | {len(read.took):,} | {cuts[49] * 1000:.1f} | {p99[-1]:.1f}"
            f" | {other[98] * 1000:.1f} | {read.failed + wrote.failed} |",
            flush=True,
        )
    print(f"\np99 of reads {p99[1] / ((p99[0] + p99[2]) / 2):.2f} times the usual (goal {GOAL})")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data, world = Path(folder) / "data", made(MEMBERS, FOLLOWED, PHOTOS)
        known = asyncio.run(develop(data, world))
        print(f"{len(world.facts):,} facts; load of the machine {os.getloadavg()[0]:.1f}\n", flush=True)
        server = Server(data).start()
        try:
            asyncio.run(story(server.url, data, world, known))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
