"""Search among 100,000 photos: how long words, beginnings, misspelt words, filters and deep pages take to be found.

Run it with `python tests/bench/searching.py [--cluster]`; it prints markdown. PHOTOS (100,000) and OWNERS (1,000) say how
large the world is; how common a word is follows Zipf's law. The adapters are asked, one query after the other, each for
20 photos with highlights and the total; beside them stands what one would write without them: `LIKE` over the same rows
in SQLite, `multi_match` over the same documents in OpenSearch. FILMROLL_STACK_DIR names a stack to use instead of a
fresh one.
"""

import asyncio
import os
import random
import sqlite3
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).parents[2]
sys.path[0] = str(ROOT)  # instead of this folder, whose names may be those of modules

from infra.opensearch.connecting import OpenSearch  # noqa: E402
from infra.opensearch.search import OpenSearchSearch  # noqa: E402
from infra.opensearch.store import OpenSearchStore  # noqa: E402
from infra.sqlite.models import SqliteReadModels  # noqa: E402
from infra.sqlite.search import SqliteSearch  # noqa: E402
from infra.stack import control  # noqa: E402
from infra.stack.layout import default_cache  # noqa: E402
from projections.search import Found, Near, PhotoFilters, Ranked  # noqa: E402
from tests.contracts.searching import CATALOGUE, Alone, Town, utc_now  # noqa: E402

PHOTOS = int(os.environ.get("PHOTOS", "100000"))
OWNERS = int(os.environ.get("OWNERS", "1000"))
WORDS, SPOKEN = 20_000, 8
ROUNDS, PAGE, PAGES = 60, 20, 10
STEP = 5_000
SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]

EVERYTHING = PhotoFilters()
Ask = Callable[[str], Awaitable[Found]]


def vocabulary(draw: random.Random) -> list[str]:
    found: set[str] = set()
    while len(found) < WORDS:
        found.add("".join(draw.choices(SYLLABLES, k=draw.choice((2, 3, 3, 4)))))
    return sorted(found, key=lambda word: (len(word), word))


async def settle(town: Town, words: list[str], draw: random.Random) -> None:
    """Members and photos, fed in steps."""
    weights = [1 / (rank + 1) for rank in range(len(words))]
    owners = [town.member(f"member{number}", draw.choice(words), draw.choice(words)) for number in range(OWNERS)]
    began = time.perf_counter()
    for number in range(PHOTOS):
        said = draw.choices(words, weights, k=SPOKEN)
        where = (draw.uniform(-60, 60), draw.uniform(-180, 180))
        town.photo(draw.choice(owners), " ".join(said), tags=tuple(said[:2]), where=where)
        if number % STEP == STEP - 1:
            await town.level()
            for facts in town.log.facts.values():
                del facts[:-1]
    await town.level()
    print(f"\n{PHOTOS:,} photos indexed in {time.perf_counter() - began:.0f} s\n", flush=True)


def kinds(town: Town) -> Iterator[tuple[str, Ask]]:
    def photos(filters: PhotoFilters = EVERYTHING) -> Ask:
        return lambda query: town.search.photos(query, filters, after=None, limit=PAGE)

    places: dict[str, Ranked | None] = {}

    async def deep(query: str) -> Found:
        """The first time that a word is asked for one comes to the page by those before, which is not told."""
        if query not in places:
            places[query] = None
            for _ in range(PAGES - 1):
                found = await town.search.photos(query, EVERYTHING, after=places[query], limit=PAGE)
                places[query] = found.hits[-1].place if found.hits else places[query]
        return await town.search.photos(query, EVERYTHING, after=places[query], limit=PAGE)

    yield "a common word", photos()
    yield "a rare word", photos()
    yield "two words", photos()
    yield "the beginning of a word", photos()
    yield "a misspelt word", photos()
    yield "a common word within 500 km", photos(PhotoFilters(near=Near(48, 11, 500)))
    yield f"a common word, page {PAGES}", deep
    yield "a member's name", lambda query: town.search.members(query, after=None, limit=PAGE)


def query(kind: str, words: list[str], draw: random.Random) -> str:
    common, rare = draw.choice(words[:50]), draw.choice(words[5_000:])
    if "rare" in kind or "name" in kind:
        return rare
    if "two" in kind:
        return f"{common} {draw.choice(words[50:500])}"
    if "beginning" in kind:
        return draw.choice(words[500:5_000])[:4]
    if "misspelt" in kind:
        return f"{rare[:-2]}x{rare[-2:]}"
    return common


async def timed(ask: Ask, asked: str) -> float:
    began = time.perf_counter()
    await ask(asked)
    return time.perf_counter() - began


async def measure(town: Town, plain: Ask, beside: str) -> None:
    draw = random.Random(5)
    words = vocabulary(random.Random(3))
    await settle(town, words, random.Random(4))
    print(f"| query | p50 ms | p99 ms | {beside}, p50 ms | p99 ms |\n|---|---|---|---|---|", flush=True)
    for kind, ask in kinds(town):
        asked = [query(kind, words, draw) for _ in range(ROUNDS)]
        if "page" in kind:
            for each in asked:
                await ask(each)
        ours, theirs = [], []
        for each in asked:
            ours.append(await timed(ask, each))
            theirs.append(await timed(plain, each))
        cells = [
            f"{figure * 1_000:.1f}" for took in (ours, theirs) for figure in (median(took), quantiles(took, n=100)[98])
        ]
        print(f"| {kind} | {' | '.join(cells)} |", flush=True)


@asynccontextmanager
async def embedded() -> AsyncIterator[tuple[Town, Ask]]:
    with tempfile.TemporaryDirectory() as folder:
        models = SqliteReadModels(Path(folder), CATALOGUE)
        await models.open()
        town = Town(models, SqliteSearch(models))
        await town.open()
        path = Path(folder) / "photo_search@1.db"

        async def plain(query: str) -> Found:
            with closing(sqlite3.connect(path)) as connection:
                where = " AND ".join("words LIKE ?" for _ in query.split())
                values = [f"%{word}%" for word in query.split()]
                connection.execute(f"SELECT count(*) FROM photo_documents WHERE {where}", values).fetchall()
                page = f"SELECT photo_id FROM photo_documents WHERE {where} ORDER BY photo_id DESC LIMIT {PAGE}"
                connection.execute(page, values).fetchall()
            return Found((), 0)

        try:
            yield town, plain
        finally:
            await models.close()


@asynccontextmanager
async def cluster() -> AsyncIterator[tuple[Town, Ask]]:
    async with AsyncExitStack() as stack:
        root = os.environ.get("FILMROLL_STACK_DIR")
        if root is None:
            root = stack.enter_context(tempfile.TemporaryDirectory())
            control.up(Path(root), default_cache(), ("opensearch",))
            stack.callback(control.down, Path(root))
        address = control.addresses(Path(root)).opensearch
        search = OpenSearch(address, prefix=f"bench-{uuid.uuid4().hex[:12]}")
        models = Alone(OpenSearchStore(search, now=utc_now))
        await models.store.open()
        town = Town(models, OpenSearchSearch(models.store, models.live))
        await town.open()

        async def plain(query: str) -> Found:
            fields = ["caption", "alt_text", "tags"]
            body = {"query": {"multi_match": {"query": query, "operator": "and", "fields": fields}}, "size": PAGE}
            await search.ask("POST", f"/{search.prefix}-photo_search*/_search", body)
            return Found((), 0)

        try:
            yield town, plain
        finally:
            await search.ask("DELETE", f"/{search.prefix}-*")
            await search.close()


async def main(*, in_the_cluster: bool) -> None:
    made, beside = (cluster(), "`multi_match`") if in_the_cluster else (embedded(), "`LIKE`")
    async with made as (town, plain):
        await measure(town, plain, beside)


if __name__ == "__main__":
    asyncio.run(main(in_the_cluster="--cluster" in sys.argv[1:]))
