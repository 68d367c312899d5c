"""How long every kind of request takes for 32 clients, and whether the two load shapes are held.

Run it with `python tests/bench/latency.py`; it prints markdown. Embedded; with FILMROLL_STACK_DIR set to a running
stack (`filmroll stack up`), the cluster profile as well. A town of MEMBERS members with PHOTOS photos each, everybody
following everybody. Each route is asked by 32 clients in turn of the members for SECONDS; the last column is the service
level that is promised for a route of its kind. The shapes are *peak upload* (70 % uploads of 5 MB, 20 % albums made, 10 %
searches) and *global read* (60 % photo views, 25 % searches, 15 % downloads), each for twice SECONDS. Server, developing
processes and clients share this machine's cores.
"""

import asyncio
import os
import random
import re
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[2]
sys.path[0] = str(ROOT)  # instead of this folder, whose names may be those of modules

import httpx  # noqa: E402
import orjson  # noqa: E402

from infra.stack import control  # noqa: E402
from tests.bench.home.asking import CLIENTS, Answers, ask, lasting  # noqa: E402
from tests.bench.serving import like_to_visible  # noqa: E402
from tests.bench.uploading import another, published  # noqa: E402
from tests.databases import drop, fresh  # noqa: E402
from tests.people import Person, jpeg, person  # noqa: E402
from tests.serving import Server, realm  # noqa: E402

MEMBERS = int(os.environ.get("MEMBERS", "8"))
PHOTOS = int(os.environ.get("PHOTOS", "12"))
SECONDS = float(os.environ.get("SECONDS", "2"))
UPLOAD = 5_000_000
LOOKUPS = re.compile(r'filmroll_cache_lookups_total\{[^}]*outcome="(\w+)"[^}]*\} ([0-9.e+]+)')
METADATA, VIEW, DOWNLOAD, SEARCH = ("p95", 100), ("p99", 200), ("p95", 500), ("p95", 1_000)


def request(method: str, url: str, me: Person | None = None, body: object = None) -> bytes:
    """A request as it travels."""
    address = urlsplit(url)
    lines = [
        f"{method} {address.path}{'?' if address.query else ''}{address.query} HTTP/1.1",
        f"Host: {address.netloc}",
    ]
    if me is not None:
        lines.append(f"Authorization: {me.headers['Authorization']}")
    content = b"" if body is None else orjson.dumps(body)
    if content or method == "POST":
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, "", ""]).encode() + content


def percentiles(answers: Answers) -> dict[str, float]:
    """In milliseconds."""
    cuts = quantiles(answers.took, n=100)
    return {f"p{at}": cuts[at - 1] * 1000 for at in (50, 95, 99)}


@dataclass
class Town:
    """Members with photos, who all follow each other."""

    url: str
    members: list[Person]
    photos: list[tuple[Person, str]]
    album: str

    @classmethod
    def made(cls, url: str) -> "Town":
        members = [person(url, f"member{number}") for number in range(MEMBERS)]
        for one in members:
            for other in members:
                if one is not other:
                    one.call("PUT", f"/members/{other.username}/follow", status=200)
        photos = [
            (one, one.publish(seed=number * MEMBERS + at, caption=f"Morning {number} over the hills #light"))
            for number in range(PHOTOS)
            for at, one in enumerate(members)
        ]
        for one, photo in photos:
            one.ready(photo, 240)
        for one in members:
            for _, photo in photos[:20]:
                one.call("POST", f"/photos/{photo}/comments", json={"text": "What a light!"}, status=201)
                one.call("PUT", f"/photos/{photo}/like", status=200)
        album = members[0].call("POST", "/albums", json={"title": "Hills"}, status=201).json()["album_id"]
        for _, photo in photos[:: len(members)]:
            members[0].call("PUT", f"/albums/{album}/photos/{photo}", status=204)
        return cls(url, members, photos, str(album))

    def get(self, path: str) -> Iterator[bytes]:
        """A read, in turn of everybody, of the photos in turn (`{photo}`)."""
        photos = cycle([photo for _, photo in self.photos])
        for me in cycle(self.members):
            yield request("GET", f"{self.url}/v1{path.format(photo=next(photos))}", me)

    def turned(self, on: str, off: str) -> Iterator[bytes]:
        """Something done and undone."""
        for number in count():
            method = "PUT" if number // (MEMBERS * len(self.photos)) % 2 == 0 else "DELETE"
            me, (_, photo) = self.members[number % MEMBERS], self.photos[number // MEMBERS % len(self.photos)]
            yield request(method, f"{self.url}/v1{(on if method == 'PUT' else off).format(photo=photo)}", me)

    def posted(self, path: str, body: Callable[[int], object]) -> Iterator[bytes]:
        """Something new each time."""
        photos = cycle([photo for _, photo in self.photos])
        for number, me in enumerate(cycle(self.members)):
            yield request("POST", f"{self.url}/v1{path.format(photo=next(photos))}", me, body(number))

    def files(self) -> Iterator[bytes]:
        """Downloads of files that are shown."""
        shown = self.members[0].get("/feed", params={"limit": 50})["items"]
        return cycle([request("GET", file["url"]) for photo in shown for file in photo["image"]["variants"]])


def routes(town: Town) -> Iterator[tuple[str, tuple[str, int], Iterator[bytes]]]:
    """Every kind of request."""
    one = town.members[1].username
    yield "photo view", VIEW, town.get("/photos/{photo}")
    for what, path in {
        "home feed": "/feed",
        "home feed, ranked": "/feed?order=ranked",
        "profile": f"/members/{one}",
        "a member's photos": f"/members/{one}/photos",
        "followers": f"/members/{one}/followers",
        "likes of a photo": "/photos/{photo}/likes",
        "comments of a photo": "/photos/{photo}/comments",
        "similar photos": "/photos/{photo}/similar",
        "an album": f"/albums/{town.album}",
        "explore": "/explore",
        "trending": "/trending",
        "a tag": "/tags/light",
        "notifications": "/notifications",
        "me": "/me",
    }.items():
        yield what, METADATA, town.get(path)
    yield "search for photos", SEARCH, town.get("/search/photos?q=hills")
    yield "search for members", SEARCH, town.get("/search/members?q=mem")
    yield "like, unlike", METADATA, town.turned("/photos/{photo}/like", "/photos/{photo}/like")
    yield "comment", METADATA, town.posted("/photos/{photo}/comments", lambda number: {"text": f"Number {number}"})
    yield "album made", METADATA, town.posted("/albums", lambda number: {"title": f"Album {number}"})
    yield "download", DOWNLOAD, town.files()


def table(town: Town) -> None:
    print("| route | a second | p50 ms | p95 ms | p99 ms | failed | promised |\n|---|---|---|---|---|---|---|")
    for what, (level, most), asked in routes(town):
        answers = asyncio.run(ask(town.url, lasting(asked, SECONDS)))
        found = percentiles(answers)
        held = "" if found[level] < most else " **missed**"
        rate = len(answers.took) / SECONDS
        numbers = " | ".join(f"{found[name]:.1f}" for name in ("p50", "p95", "p99"))
        print(f"| {what} | {rate:,.0f} | {numbers} | {answers.failed} | {level} < {most}{held} |", flush=True)


def like_visible(town: Town) -> None:
    times = percentiles(Answers(like_to_visible(town.members[2], town.photos[0][1])))
    print(f"*Like → visible count*, one client: p50 {times['p50']:.1f} ms, p99 {times['p99']:.1f} ms\n")


def lookups(town: Town) -> tuple[float, float]:
    """What caches were asked for so far, and what they had of it."""
    seen = [
        (outcome, float(value))
        for outcome, value in LOOKUPS.findall(httpx.get(f"{town.url}/metrics").raise_for_status().text)
    ]
    return sum(value for _, value in seen), sum(value for outcome, value in seen if outcome == "found")


def global_read(town: Town) -> None:
    views, found, files = town.get("/photos/{photo}"), town.get("/search/photos?q=hills"), town.files()
    draw = random.Random(7)

    def mixed() -> Iterator[bytes]:
        while True:
            yield next(draw.choices((views, found, files), (60, 25, 15))[0])

    asked, had = lookups(town)
    answers = asyncio.run(ask(town.url, lasting(mixed(), 2 * SECONDS)))
    asked, had = (after - before for after, before in zip(lookups(town), (asked, had), strict=True))
    times = percentiles(answers)
    print(
        f"*Global read*: {len(answers.took) / SECONDS / 2:,.0f} a second, p50 {times['p50']:.1f} ms, p99"
        f" {times['p99']:.1f} ms, {100 - 100 * answers.failed / len(answers.took):.2f} % answered well; caches had"
        f" {100 * had / max(asked, 1):.1f} % of what was looked up (promised: more than 95 %)\n"
    )


def peak_upload(town: Town) -> None:
    async def all_of() -> tuple[int, int, int]:
        uploads = done = failed = 0
        end = time.perf_counter() + 2 * SECONDS
        draw, numbers = random.Random(7), count(1)
        content = jpeg(1, (64, 48)).ljust(UPLOAD, b"\0")
        limits = httpx.Limits(max_connections=CLIENTS)
        async with httpx.AsyncClient(base_url=town.url, timeout=60, limits=limits) as http:

            async def act(me: Person) -> None:
                nonlocal uploads
                headers = {"Authorization": me.headers["Authorization"]}
                match draw.choices("uas", (70, 20, 10))[0]:
                    case "u":
                        await published(http, me, another(content, next(numbers)))
                        uploads += 1
                    case "a":
                        title = {"title": f"Peak {next(numbers)}"}
                        (await http.post("/v1/albums", json=title, headers=headers)).raise_for_status()
                    case _:
                        (await http.get("/v1/search/photos?q=hills", headers=headers)).raise_for_status()

            async def client(me: Person) -> None:
                nonlocal done, failed
                while time.perf_counter() < end:
                    done += 1
                    try:
                        await act(me)
                    except httpx.HTTPError:
                        failed += 1

            await asyncio.gather(*(client(town.members[at % MEMBERS]) for at in range(CLIENTS)))
        return uploads, done, failed

    began = time.perf_counter()
    uploads, done, failed = asyncio.run(all_of())
    took = time.perf_counter() - began
    print(
        f"*Peak upload*: {uploads / took:.1f} uploads of 5 MB a second ({done} requests of all kinds),"
        f" {100 - 100 * failed / done:.2f} % succeeded (promised: more than 95 %)\n"
    )


@contextmanager
def served(folder: Path, stack: str | None) -> Iterator[Server]:
    """One process of everything, or the cluster's on the servers of a stack."""
    own = {"FILMROLL_RATE_MEMBER": "0", "FILMROLL_RATE_ADDRESS": "0"}
    if stack is None:
        server = Server(folder / "data", environment=own)
        databases = []
    else:
        databases = fresh(control.addresses(Path(stack)).postgres)
        own |= realm(f"bench_{uuid.uuid4().hex[:12]}", databases) | {
            "FILMROLL_POSTGRES_REPLICAS": "",
            "FILMROLL_CATCH_UP_S": "60",  # who builds the town waits for workers that have just started
        }
        server = Server(folder / "data", "--stack", stack, "--workers", "2", command="up", environment=own)
    try:
        yield server.start(240)
    finally:
        server.stop()
        drop(databases)


def main() -> None:
    known = os.environ.get("FILMROLL_STACK_DIR")
    for stack in (None, known) if known else (None,):
        with tempfile.TemporaryDirectory() as folder, served(Path(folder), stack) as server:
            print(f"### {'embedded' if stack is None else 'cluster'}\n")
            town = Town.made(server.url)
            table(town)
            print()
            like_visible(town)
            global_read(town)
            peak_upload(town)


if __name__ == "__main__":
    main()
