"""What a client of the embedded server feels: like → visible count, and home feeds a second.

Run it with `python tests/bench/serving.py`; it prints markdown. A real server in its own process, real sockets; the load
comes from a second process. Both share this machine's cores, so compare within a run.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import repeat
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlsplit

import httpx

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench.home.asking import CLIENTS, ask, lasting  # noqa: E402
from tests.people import Person, person  # noqa: E402
from tests.serving import Server  # noqa: E402

LIKES = 300
FEED_SECONDS = 5.0
AUTHORS = 5
PHOTOS_EACH = 12
CEILING = "/healthz"


def percentile(values: list[float], percent: int) -> float:
    return quantiles(values, n=100)[percent - 1]


def like_to_visible(me: Person, photo: str) -> list[float]:
    """Seconds from sending a like until a read that waits for its token has answered with the new count."""
    took = []
    me.call("DELETE", f"/photos/{photo}/like", status=200)
    others = me.get(f"/photos/{photo}")["counts"]["likes"]
    for number in range(LIKES):
        began = time.perf_counter()
        me.call("PUT" if number % 2 == 0 else "DELETE", f"/photos/{photo}/like", status=200)
        counts = me.get(f"/photos/{photo}")["counts"]
        took.append(time.perf_counter() - began)
        assert counts["likes"] == others + (number + 1) % 2
    return took


async def load(url: str, path: str, headers: dict[str, str]) -> list[float]:
    """Every answer's seconds, from so many connections that each ask again at once."""
    address = urlsplit(url)
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {address.netloc}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    asked = "\r\n".join([*lines, "", ""]).encode()
    answers = await ask(url, lasting(repeat(asked), FEED_SECONDS))
    assert answers.failed == 0
    return answers.took


def run(print_row: Callable[..., None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "data").start()
        try:
            authors = [person(server.url, f"author{number}") for number in range(AUTHORS)]
            reader = person(server.url, "reader")
            photos = []
            for author in authors:
                reader.call("PUT", f"/members/{author.username}/follow", status=200)
            for number in range(PHOTOS_EACH):
                photos += [(author, author.publish(seed=number * AUTHORS + at)) for at, author in enumerate(authors)]
            for author, photo in photos:
                author.ready(photo)
            took = like_to_visible(reader, photos[0][1])
            print_row("like → visible count (one client)", len(took) / sum(took), took)
            headers = {"Authorization": reader.headers["Authorization"]}
            page = httpx.get(f"{server.url}/v1/feed?limit=50", headers=headers)
            feed = asyncio.run(load(server.url, "/v1/feed?limit=50", headers))
            print_row(
                f"home feed, page of 50, {len(page.content):,} bytes, {CLIENTS} clients", len(feed) / FEED_SECONDS, feed
            )
            one = asyncio.run(load(server.url, f"/v1/photos/{photos[0][1]}", headers))
            print_row(f"one photo, {CLIENTS} clients", len(one) / FEED_SECONDS, one)
            nothing = asyncio.run(load(server.url, CEILING, {}))
            print_row(
                f"{CEILING}, {CLIENTS} clients (what server and load generator can do at all)",
                len(nothing) / FEED_SECONDS,
                nothing,
            )
        finally:
            server.stop()


def main() -> None:
    print("\n| what | a second | p50 ms | p99 ms |\n|---|---|---|---|")

    def print_row(what: str, rate: float, took: list[float]) -> None:
        print(f"| {what} | {rate:,.0f} | {median(took) * 1000:.1f} | {percentile(took, 99) * 1000:.1f} |")

    run(print_row)


if __name__ == "__main__":
    main()
