"""Home feeds a second: ours beside feeds pulled by SQL at each read, and beside the same bytes prebuilt.

Run it with `python tests/bench/feed.py`; it prints markdown. MEMBERS, FOLLOWED (on average) and PHOTOS (each) say how
large the world is: 10,000, 150 and 4 are the full one; the default is a tenth of its members. WORLD names a folder where
it is kept, so that a later run has it at once. The history is appended straight to the event store; the read models that
a feed is made from are developed in large batches, one after the other, timelines are filled by one statement, and of all
other read models it is said that they are level although they hold nothing. Every server is a process of its own, asked by 32 clients, each time for another of the
viewers; ours has everything on: access tokens, sessions, visibility, counts, ETag, position. SQL needs a PostgreSQL:
FILMROLL_STACK_DIR names a stack to use instead of a fresh one. Server, database and clients share this machine's cores,
so only the ratios of one run mean something.
"""

import asyncio
import os
import pickle
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
sys.path[0] = str(ROOT)  # instead of this folder, whose names may be those of modules

import httpx  # noqa: E402
import orjson  # noqa: E402

from api.identity import Identity  # noqa: E402
from api.ports import Keyring  # noqa: E402
from api.reads.home import LATEST_MODELS  # noqa: E402
from api.showing.members import card  # noqa: E402
from api.showing.photos import MODELS, document  # noqa: E402
from domain.ids import new_id  # noqa: E402
from domain.visibility import PhotoState  # noqa: E402
from infra.core import Core, utc_now  # noqa: E402
from infra.embedded import open_core  # noqa: E402
from infra.files.objects import FileObjects  # noqa: E402
from infra.settings import Settings  # noqa: E402
from infra.stack import control, state  # noqa: E402
from infra.stack.layout import default_cache  # noqa: E402
from projections.catalogue import BY_NAME, CATALOGUE  # noqa: E402
from projections.stores import Batch  # noqa: E402
from streams.fanout import FanOut  # noqa: E402
from streams.following import Follower  # noqa: E402
from streams.rebuild import catch_up  # noqa: E402
from tests.bench.home import pull  # noqa: E402
from tests.bench.home.asking import Rate, once_each, warm  # noqa: E402
from tests.bench.home.world import World, made, recorded  # noqa: E402
from tests.databases import drop, fresh  # noqa: E402
from tests.serving import Server  # noqa: E402

MEMBERS = int(os.environ.get("MEMBERS", "1000"))
FOLLOWED = int(os.environ.get("FOLLOWED", "150"))
PHOTOS = int(os.environ.get("PHOTOS", "4"))
VIEWERS = 500
SECONDS = float(os.environ.get("SECONDS", "5"))
DEVELOP_S = 7_200.0
FEED = "/v1/feed?limit=50"


class Made(NamedTuple):
    """What is known of a world besides its files: the key of access tokens, who asks, how large it is, and SQL's rows."""

    key: bytes
    viewers: list[str]
    said: str
    rows: dict


async def develop(data: Path, world: World) -> Made:
    """Record the world and feed the read models that a feed is made from."""
    async with open_core(Settings(data=data, synchronous="NORMAL"), create=True) as core:
        began = time.perf_counter()
        await recorded(world, core.store)
        appended = time.perf_counter()
        await fed(core, {*MODELS, *LATEST_MODELS})
        developed = time.perf_counter()
        (timelines,) = [each.model for each in await core.models.status() if each.model.projection == "timelines"]
        await core.models.write(timelines, fan_out, {})
        done = time.perf_counter()
        said = (
            f"{len(world.members):,} members with {len(world.photos):,} photos, {len(world.follows):,} follows"
            f" ({len(world.follows) / len(world.members):.0f} on average), {len(world.facts):,} facts: appended in"
            f" {appended - began:.0f} s, developed in {developed - appended:.0f} s, fanned out in {done - developed:.0f} s\n"
        )
        viewers = random.Random(1).sample(world.members, min(len(world.members), VIEWERS))
        return Made(core.installation.token_keys(1)["1"], viewers, said, await tables(core, data, world))


def fan_out(timelines: sqlite3.Connection) -> None:
    """What chunks would write in an hour: everybody follows before anything is published, and nobody leaves."""
    timelines.execute(
        "INSERT OR IGNORE INTO timelines SELECT follower_id, photo_id, owner_id"
        " FROM timeline_photos JOIN timeline_followers ON followed_id = owner_id"
    )
    timelines.execute("DELETE FROM fanout_chunks")
    timelines.execute("DELETE FROM hot_authors")


async def fed(core: Core, wanted: set[str]) -> None:
    """Feed the live builds of these read models to the end of the log, and say of all others that they are there."""
    for status in await core.models.status():
        model = status.model
        if model.projection in wanted:
            began = time.perf_counter()
            await catch_up(model, BY_NAME[model.projection], log=core.store, models=core.models)
            print(f"{model}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
            continue
        for log in range(core.store.logs):
            if head := await core.store.head(log):
                await core.models.feed(model, BY_NAME[model.projection], Batch(log, 0, head, ()), park=False)


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
        "comments": list(world.comments.items()),
    }


@contextmanager
def pulling(dsn: str, key: str) -> Iterator[tuple[str, int]]:
    command = [sys.executable, str(ROOT / "tests/bench/home/pull.py"), dsn, key, "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1], process.pid
    finally:
        process.terminate()
        process.wait()


def show(what: str, rate: Rate, processor_ms: float | None = None) -> None:
    spent = "" if processor_ms is None else f"{processor_ms:.2f}"
    print(f"| {what} | {rate.a_second:,.0f} | {rate.p50:.1f} | {rate.p99:.1f} | {spent} |", flush=True)


def spent(roots: Sequence[int]) -> float:
    """Milliseconds of a processor that these processes and their children have used, those that ended left out."""
    fields = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            rest = stat.read_text().rpartition(")")[2].split()
            fields[int(stat.parent.name)] = int(rest[1]), int(rest[11]) + int(rest[12])
    family = set(roots)
    while more := {pid for pid, (parent, _) in fields.items() if parent in family} - family:
        family |= more
    return sum(fields[pid][1] for pid in family if pid in fields) * 1000 / os.sysconf("SC_CLK_TCK")


def measured(what: str, url: str, asking: list[str], roots: Sequence[int]) -> tuple[Rate, float]:
    before = spent(roots)
    rate = warm(url, asking, SECONDS)
    each = (spent(roots) - before) / (rate.a_second * SECONDS)
    show(what, rate, each)
    return rate, each


def same(ours: str, theirs: str, token: str) -> None:
    """Both ways answer the same photos with the same counts."""
    headers = {"Authorization": f"Bearer {token}"}
    pages = [httpx.get(url, headers=headers, timeout=30).raise_for_status().json()["items"] for url in (ours, theirs)]
    seen = [[(item["photo_id"], item["counts"], item["viewer"], item["owner"]) for item in page] for page in pages]
    assert seen[0] == seen[1]
    assert len(seen[0]) == min(50, len(pages[1]))


def measure(server: Server, sql: str, asking: list[str], rivals: Sequence[int]) -> None:
    ours = f"{server.url}{FEED}"
    page = httpx.get(ours, headers={"Authorization": f"Bearer {asking[0]}"}).content
    print(
        f"Page of 50, {len(page):,} bytes; {len(asking)} viewers, 32 clients; load of the machine {os.getloadavg()[0]:.1f}\n"
    )
    print("| what | a second | p50 ms | p99 ms | processor ms each |\n|---|---|---|---|---|", flush=True)
    server.stop()
    server.start()
    ours = f"{server.url}{FEED}"
    show("ours, cold: everybody's first feed", once_each(ours, asking))
    best, least = measured("ours, warm", ours, asking, [server.pid])
    for path in ("/good", "/plain"):
        same(ours, f"{sql}{path}", asking[0])
    said = {
        "/good": "pulled by SQL, lateral join, documents spliced",
        "/plain": "pulled by SQL, join, count(*), pydantic",
        "/prebuilt": "the same bytes prebuilt, bare ASGI",
    }
    rates = {path: measured(what, f"{sql}{path}", asking, rivals) for path, what in said.items()}
    again, more = measured("ours, warm, once more", ours, asking, [server.pid])
    ours_a_second, ours_ms = (best.a_second + again.a_second) / 2, (least + more) / 2
    for path, goal in (("/good", 4), ("/plain", 25), ("/prebuilt", 0.2)):
        rate, each = rates[path]
        print(
            f"\n{ours_a_second / rate.a_second:.2f} × `{path}` (goal {goal}); by processor time {each / ours_ms:.2f} ×",
            end="",
        )
    print()


def world_in(folder: Path) -> Made:
    """The world that is kept there, or one that is made now."""
    kept = folder / "made.pickle"
    if not kept.exists():
        made_now = asyncio.run(develop(folder / "data", made(MEMBERS, FOLLOWED, PHOTOS)))
        kept.write_bytes(pickle.dumps(tuple(made_now)))
    return Made(*pickle.loads(kept.read_bytes()))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(os.environ.get("WORLD", folder))
        world = world_in(place)
        print(world.said, flush=True)
        root = os.environ.get("FILMROLL_STACK_DIR")
        addresses = control.up(Path(root or f"{folder}/stack"), default_cache(), ["postgres-a"])
        (dsn,) = fresh(addresses.postgres[:1])
        server = Server(place / "data").start()
        try:
            pull.fill(dsn, world.rows)
            known = state.read(Path(root or f"{folder}/stack"))
            assert known is not None
            with pulling(dsn, world.key.hex()) as (sql, rival):
                rivals = [rival, known.processes["postgres-a"].pid]
                measure(server, sql, tokens(world.viewers, world.key), rivals)
        finally:
            server.stop()
            drop([dsn])
            if root is None:
                control.down(Path(folder) / "stack", wipe=True)


if __name__ == "__main__":
    main()
