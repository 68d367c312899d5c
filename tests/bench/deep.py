"""The home feed of members who follow 1,000 authors: its first page and its hundredth, cold and warm.

Run it with `python tests/bench/deep.py`; it prints markdown. READERS (50), AUTHORS (1,000) and PHOTOS (each, 6) say how
large the world is. Readers ask one after the other over a socket, with everything on; cold is what each of them asks
first after the server was started. Waiting alone tells what an answer costs; `feed.py` tells what many at once get.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[0] = str(ROOT)  # instead of this folder, whose names may be those of modules

import httpx  # noqa: E402

from tests.bench import feed  # noqa: E402
from tests.bench.home.asking import Rate, alone  # noqa: E402
from tests.bench.home.world import devoted, made  # noqa: E402
from tests.serving import Server  # noqa: E402

READERS = int(os.environ.get("READERS", "50"))
AUTHORS = int(os.environ.get("AUTHORS", "1000"))
PHOTOS = int(os.environ.get("PHOTOS", "6"))
PAGE = int(os.environ.get("PAGE", "100"))
ROUNDS = 10


def show(what: str, cold: Rate, warm: Rate) -> None:
    print(f"| {what} | {cold.p50:.1f} | {cold.p99:.1f} | {warm.p50:.2f} | {warm.p99:.2f} |", flush=True)


def measure(server: Server, tokens: list[str]) -> None:
    print("| page of 50 | cold p50 ms | cold p99 ms | warm p50 ms | warm p99 ms |\n|---|---|---|---|---|", flush=True)
    queries = {"first": [feed.FEED] * len(tokens), f"number {PAGE}": [deep(server.url, token) for token in tokens]}
    for what, paths in queries.items():
        server.stop()
        server.start()
        urls = [server.url + path for path in paths]
        httpx.get(f"{server.url}/readyz").raise_for_status()
        cold = alone(urls, tokens)
        alone(urls, tokens)
        show(what, cold, alone(urls, tokens, ROUNDS))


def deep(url: str, token: str) -> str:
    """The address of the hundredth page of a feed, to which one comes by the pages before."""
    path = feed.FEED
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:
        for _ in range(PAGE - 1):
            cursor = client.get(f"{url}{path}").raise_for_status().json()["next_cursor"]
            path = f"{feed.FEED}&cursor={cursor}"
    return path


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = made(AUTHORS, 2, PHOTOS)
        readers = devoted(world, READERS)
        data = Path(folder) / "data"
        _, tokens, _ = asyncio.run(feed.develop(data, world, readers))
        server = Server(data).start()
        try:
            measure(server, tokens)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
