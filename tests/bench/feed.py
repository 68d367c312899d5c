"""Home feeds a second: ours beside feeds pulled by SQL at each read, and beside the same bytes prebuilt.

Run it with `python tests/bench/feed.py`; it prints markdown. MEMBERS, FOLLOWED (on average) and PHOTOS (each) say how
large the world is: 10,000, 150 and 4 are the full one, which takes an hour to make; the default is a tenth. The history
is appended straight to the event store and developed by the live follower. Every server is a process of its own, asked
by 32 clients, each time for another of the viewers; ours has everything on: access tokens, sessions, visibility, counts,
ETag, position. SQL needs a PostgreSQL: FILMROLL_STACK_DIR names a stack to use instead of a fresh one. Server, database
and clients share this machine's cores, so only the ratios of one run mean something.
"""

import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[0] = str(ROOT)  # instead of this folder, whose names may be those of modules

import httpx  # noqa: E402
import orjson  # noqa: E402

from api.identity import Identity  # noqa: E402
from api.ports import Keyring  # noqa: E402
from api.showing.members import card  # noqa: E402
from api.showing.photos import document  # noqa: E402
from domain.ids import new_id  # noqa: E402
from domain.visibility import PhotoState  # noqa: E402
from infra.core import Core, utc_now  # noqa: E402
from infra.embedded import open_core  # noqa: E402
from infra.files.objects import FileObjects  # noqa: E402
from infra.settings import Settings  # noqa: E402
from infra.stack import control  # noqa: E402
from infra.stack.layout import default_cache  # noqa: E402
from projections.catalogue import CATALOGUE  # noqa: E402
from streams.fanout import FanOut  # noqa: E402
from streams.following import Follower  # noqa: E402
from tests.bench.home import pull  # noqa: E402
from tests.bench.home.asking import Rate, once_each, warm  # noqa: E402
from tests.bench.home.world import World, made, recorded  # noqa: E402
from tests.databases import drop, fresh  # noqa: E402
from tests.serving import Server  # noqa: E402

MEMBERS = int(os.environ.get("MEMBERS", "1000"))
FOLLOWED = int(os.environ.get("FOLLOWED", "150"))
PHOTOS = int(os.environ.get("PHOTOS", "4"))
VIEWERS = min(MEMBERS, 500)
SECONDS = float(os.environ.get("SECONDS", "5"))
DEVELOP_S = 7_200.0
FEED = "/v1/feed?limit=50"


async def develop(data: Path, world: World, viewers: list[str]) -> tuple[str, list[str], dict]:
    """Record the world and feed the read models; the key of access tokens, a token for each viewer, and SQL's rows."""
    async with open_core(Settings(data=data, synchronous="NORMAL"), create=True) as core:
        began = time.perf_counter()
        await recorded(world, core.store)
        appended = time.perf_counter()
        await level(core)
        developed = time.perf_counter()
        count = len(world.facts)
        print(
            f"{count:,} facts appended in {appended - began:.0f} s, developed by all {len(CATALOGUE)} projections and fanned"
            f" out in {developed - appended:.0f} s; {len(world.follows) / len(world.members):.0f} followed on average\n",
            flush=True,
        )
        key = core.installation.token_keys(1)["1"]
        return key.hex(), tokens(viewers, key), await tables(core, data, world)


async def level(core: Core) -> None:
    """Feed all read models with all that is recorded, and finish fanning out."""
    follower = Follower(core.store, core.models, CATALOGUE)
    await follower.start()
    heads = {log: await core.store.head(log) for log in range(core.store.logs)}
    names = [projection.name for projection in CATALOGUE]
    assert await core.queries.progress.wait(names, heads, timeout_s=DEVELOP_S)
    await follower.stop()
    await FanOut(core.queries.chunks).drain()


def tokens(viewers: list[str], key: bytes) -> list[str]:
    identity = Identity(Keyring("1", {"1": key}), None, 24 * 3600, utc_now)  # type: ignore[arg-type]
    return [identity.issue(viewer, new_id(0, datetime.now(UTC)), frozenset({"member"})) for viewer in viewers]


async def tables(core: Core, data: Path, world: World) -> dict:
    files = FileObjects(data / "objects", core.installation.key("files"), "http://127.0.0.1:1", now=utc_now)
    rows = await core.queries.photos.by_ids(world.photos)
    profiles = await core.queries.profiles.by_ids(world.members)
    cards = {member: orjson.dumps(card(profile).body).decode() for member, profile in profiles.items()}
    liked: dict[str, int] = {}
    written: dict[str, int] = {}
    for photo, _ in world.likes:
        liked[photo] = liked.get(photo, 0) + 1
    for photo in world.comments.values():
        written[photo] = written.get(photo, 0) + 1

    def photos() -> Iterator[tuple]:
        for photo, row in rows.items():
            said = document(
                row, PhotoState(photo, row.owner_id, "ready", "public"), mine=False, until=None, files=files
            )
            del said["photo_id"]
            text = orjson.dumps(said).decode()
            yield photo, row.owner_id, "public", False, liked.get(photo, 0), written.get(photo, 0), text, text

    return {
        "members": [(member, False, text, text) for member, text in cards.items()],
        "follows": sorted(world.follows),
        "photos": list(photos()),
        "likes": sorted(world.likes),
        "comments": world.comments.items(),
    }


@contextmanager
def pulling(dsn: str, key: str) -> Iterator[str]:
    command = [sys.executable, str(ROOT / "tests/bench/home/pull.py"), dsn, key, "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait()


def show(what: str, rate: Rate) -> None:
    print(f"| {what} | {rate.a_second:,.0f} | {rate.p50:.1f} | {rate.p99:.1f} |", flush=True)


def same(ours: str, theirs: str, token: str) -> None:
    """Both ways answer the same photos with the same counts."""
    headers = {"Authorization": f"Bearer {token}"}
    pages = [httpx.get(url, headers=headers, timeout=30).raise_for_status().json()["items"] for url in (ours, theirs)]
    seen = [[(item["photo_id"], item["counts"], item["viewer"], item["owner"]) for item in page] for page in pages]
    assert seen[0] == seen[1]
    assert len(seen[0]) == min(50, len(pages[1]))


def measure(server: Server, sql: str, asking: list[str]) -> None:
    ours = f"{server.url}{FEED}"
    page = httpx.get(ours, headers={"Authorization": f"Bearer {asking[0]}"}).content
    print(
        f"Page of 50, {len(page):,} bytes; {VIEWERS} viewers, 32 clients; load of the machine {os.getloadavg()[0]:.1f}\n"
    )
    print("| what | a second | p50 ms | p99 ms |\n|---|---|---|---|", flush=True)
    server.stop()
    server.start()
    ours = f"{server.url}{FEED}"
    show("ours, cold: everybody's first feed", once_each(ours, asking))
    best = warm(ours, asking, SECONDS)
    show("ours, warm", best)
    for path in ("/good", "/plain"):
        same(ours, f"{sql}{path}", asking[0])
    rates = {path: warm(f"{sql}{path}", asking, SECONDS) for path in ("/good", "/plain", "/prebuilt")}
    show("pulled by SQL, lateral join, documents spliced", rates["/good"])
    show("pulled by SQL, join, count(*), pydantic", rates["/plain"])
    show("the same bytes prebuilt, bare ASGI", rates["/prebuilt"])
    again = warm(ours, asking, SECONDS)
    show("ours, warm, once more", again)
    ours_a_second = (best.a_second + again.a_second) / 2
    for path, goal in (("/good", 4), ("/plain", 25), ("/prebuilt", 0.2)):
        print(f"\n{ours_a_second / rates[path].a_second:.2f} × `{path}` (goal {goal})", end="")
    print()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = made(MEMBERS, FOLLOWED, PHOTOS)
        data = Path(folder) / "data"
        viewers = random.Random(1).sample(world.members, VIEWERS)
        key, asking, rows = asyncio.run(develop(data, world, viewers))
        root = os.environ.get("FILMROLL_STACK_DIR")
        addresses = control.up(Path(root or f"{folder}/stack"), default_cache(), ["postgres-a"])
        (dsn,) = fresh(addresses.postgres[:1])
        server = Server(data).start()
        try:
            pull.fill(dsn, rows)
            with pulling(dsn, key) as sql:
                measure(server, sql, asking)
        finally:
            server.stop()
            drop([dsn])
            if root is None:
                control.down(Path(folder) / "stack", wipe=True)


if __name__ == "__main__":
    main()
