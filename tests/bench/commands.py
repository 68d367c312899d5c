"""How many whole commands a second the API of the cluster profile takes, beside bare appends to the same databases.

Run it with `python tests/bench/commands.py`; it prints markdown. Each caller is a member who follows and unfollows
someone, on a connection of their own, and waits for each answer: the request is authenticated, the stream loaded and
folded, the decision recorded in a grouped commit, what restricts applied to Cassandra before the answer. One API
process; the load comes from this one. FILMROLL_STACK_DIR names a stack to use instead of a fresh one.
"""

import asyncio
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[2]
sys.path[0] = str(ROOT)  # instead of this folder, whose names may be those of modules

from infra.eventstore.postgres_migration import migrate  # noqa: E402
from tests import databases  # noqa: E402
from tests.bench.append_postgres import grouped_appends  # noqa: E402
from tests.cluster_story import LOGS, Story  # noqa: E402
from tests.people import Person, leave, person  # noqa: E402
from tests.servers import Servers  # noqa: E402
from tests.serving import Server  # noqa: E402

CALLERS = (1, 8, 32, 64)
ROUNDS = int(os.environ.get("ROUNDS", "3"))
SECONDS = 4.0
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


async def commands(url: str, members: list[Person]) -> tuple[float, list[float]]:
    """Commands answered a second, and the seconds of each."""
    address = urlsplit(url)
    took: list[float] = []
    end = time.perf_counter() + SECONDS

    async def caller(me: Person) -> None:
        asked = {
            verb: f"{verb} /v1/members/followed/follow HTTP/1.1\r\nHost: {address.netloc}\r\n"
            f"Authorization: {me.headers['Authorization']}\r\n\r\n".encode()
            for verb in ("PUT", "DELETE")
        }
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        turn = 0
        while (began := time.perf_counter()) < end:
            writer.write(asked[("PUT", "DELETE")[turn % 2]])
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = LENGTH.search(head)
            assert length
            await reader.readexactly(int(length[1]))
            took.append(time.perf_counter() - began)
            turn += 1
        writer.close()
        await writer.wait_closed()

    began = time.perf_counter()
    await asyncio.gather(*map(caller, members))
    return len(took) / (time.perf_counter() - began), took


def appends(servers: tuple[str, ...], callers: int) -> float:
    """Appends a second to as many logs in as many databases."""
    dsns = databases.fresh(servers)
    try:
        migrate(dsns, LOGS)
        return grouped_appends(dsns, callers, logs=LOGS, lanes=4)
    finally:
        databases.drop(dsns)


def measure(story: Story) -> None:
    server = Server(story.server.data, "--profile", "cluster", environment=story.environment)
    server.start(deadline_s=240)
    try:
        person(server.url, "followed")
        members = [person(server.url, f"caller{number}") for number in range(max(CALLERS))]
        found: dict[int, list[tuple[float, float, float]]] = {callers: [] for callers in CALLERS}
        for _ in range(ROUNDS):
            for callers in CALLERS:
                rate, took = asyncio.run(commands(server.url, members[:callers]))
                found[callers].append((rate, median(took), appends(story.addresses.postgres, callers)))
    finally:
        leave()
        server.stop()
    print("| callers | commands/s over HTTP, one process | p50 ms | appends/s at the recorder |\n|---|---|---|---|")
    for callers, each in found.items():
        rate, p50, appended = (median(column) for column in zip(*each, strict=True))
        print(f"| {callers} | {rate:,.0f} | {p50 * 1000:.1f} | {appended:,.0f} |")


def main() -> None:
    with tempfile.TemporaryDirectory() as own:
        stack = Servers(Path(own) / "stack")
        story = Story(stack, Path(own) / "data")
        try:
            measure(story)
        finally:
            story.end()
            stack.stop()


if __name__ == "__main__":
    main()
