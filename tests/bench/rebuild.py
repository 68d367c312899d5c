"""How fast read models are rebuilt, beside reading and decoding the same history alone.

Run it with `python tests/bench/rebuild.py [EVENTS]`; it prints markdown. The history is likes (some taken back),
comments and follows of a thousand members in a fresh SQLite store; runs are interleaved, figures are medians. `feed`
is the read model's share without the store: facts in memory, one batch after the other.
"""

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from commands.ports import Context, Write  # noqa: E402
from domain import comments, follows, likes  # noqa: E402
from domain.events import MemberFollowed, PhotoCommented, PhotoLiked, PhotoUnliked, event_type  # noqa: E402
from domain.homes import slot_of_home, slot_of_reactions  # noqa: E402
from domain.ids import new_id  # noqa: E402
from infra.eventstore.keys import SqliteKeys  # noqa: E402
from infra.eventstore.opening import open_sqlite_store  # noqa: E402
from infra.sqlite.models import SqliteReadModels  # noqa: E402
from projections.catalogue import BY_NAME, CATALOGUE  # noqa: E402
from projections.rows import Projection  # noqa: E402
from projections.stores import Batch, State  # noqa: E402
from streams.ports import EventLog  # noqa: E402
from streams.rebuild import BATCH, rebuild  # noqa: E402

EVENTS = 200_000
ROUNDS = 3
APPENDED = 2_000
REBUILT = ("counters", "likes", "follows", "comments")
AT = datetime(2025, 6, 1, tzinfo=UTC)


def history(count: int) -> Iterator[Write]:
    """Streams with their events, as the product would record them."""
    draw = random.Random(1)
    members = [new_id(slot_of_home(f"m{n}"), AT + timedelta(seconds=n), draw.randrange) for n in range(1_000)]
    photos = [new_id(draw.randrange(1024), AT + timedelta(minutes=n), draw.randrange) for n in range(5_000)]
    seen: set[tuple[str, str]] = set()
    made = 0
    while made < count:
        member, at = draw.choice(members), AT + timedelta(seconds=made)
        kind = draw.random()
        photo = photos[int(len(photos) * draw.random() ** 2)]
        if kind < 0.05:
            comment = new_id(slot_of_reactions(photo), at, draw.randrange)
            of = {"photo_id": photo, "owner_id": members[0], "member_id": member}
            wrote = PhotoCommented(at=at, comment_id=comment, **of, text="Lovely light!", reply_to=None, mentions=())
            write = Write(comments.stream(comment), 0, (wrote,))
        elif kind < 0.1:
            followed = draw.choice(members)
            if (followed, member) in seen:
                continue
            seen.add((followed, member))
            followed_by = MemberFollowed(at=at, follower_id=member, followed_id=followed)
            write = Write(follows.stream(followed, member), 0, (followed_by,))
        else:
            if (photo, member) in seen:
                continue
            seen.add((photo, member))
            of = {"at": at, "photo_id": photo, "owner_id": members[0], "member_id": member}
            undone = (PhotoUnliked(**of),) if kind < 0.2 else ()
            write = Write(likes.stream(photo, member), 0, (PhotoLiked(**of), *undone))
        made += len(write.events)
        yield write


def names_of(projection: Projection) -> frozenset[str]:
    return frozenset(event_type(cls).name for cls in projection.handles)


async def read_alone(log: EventLog, projection: Projection) -> None:
    after, more = 0, True
    while more:
        page = await log.read(0, after, BATCH, names_of(projection))
        after, more = page.last, page.more


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


async def compare(log: EventLog, models: SqliteReadModels, name: str, count: int) -> str:
    projection, alone, rebuilt = BY_NAME[name], [], []
    for _ in range(ROUNDS):
        alone.append(await timed(lambda: read_alone(log, projection)))
        rebuilt.append(await timed(lambda: rebuild(projection, log=log, models=models)))
    read, built = median(alone), median(rebuilt)
    return f"| {name} | {count / built:,.0f} | {count / read:,.0f} | {read / built:.0%} |"


async def feed(models: SqliteReadModels, facts: tuple, name: str, size: int) -> str:
    projection, reached, times = BY_NAME[name], 0, []
    model = await models.create(projection, State.BUILDING)
    handled = [fact for fact in facts if isinstance(fact.event, projection.handles)]
    for at in range(0, len(handled), size):
        page = handled[at : at + size]
        batch = Batch(0, reached, page[-1].position.number, page)
        times.append(await timed(lambda batch=batch: models.feed(model, projection, batch, park=False)))
        reached = batch.last
    await models.drop(model)
    return (
        f"| {name} | {size:,} | {len(handled) / sum(times):,.0f} | {1e3 * median(times):.1f} | {1e3 * max(times):.1f} |"
    )


async def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        keys = SqliteKeys(Path(directory, "keys.db"), bytes(32))
        store = open_sqlite_store(
            Path(directory, "events.db"), logs=1, keys=keys, now=lambda: datetime.now(UTC), synchronous="NORMAL"
        )
        models = SqliteReadModels(Path(directory, "models"), CATALOGUE)
        await models.open()
        writes = list(history(count))
        began = time.perf_counter()
        for at in range(0, len(writes), APPENDED):
            await store.append(writes[at : at + APPENDED], Context())
        made = sum(len(write.events) for write in writes)
        print(f"{made:,} events appended in {time.perf_counter() - began:.1f} s\n")
        print("| rebuild of | events/s | reading and decoding alone | of that |\n|---|---|---|---|")
        for name in REBUILT:
            print(await compare(store, models, name, made), flush=True)
        facts = (await store.read(0, 0, made)).facts
        print("\n| feed of | batch | handled events/s | ms a batch (median) | ms (longest) |\n|---|---|---|---|---|")
        for name in REBUILT:
            for size in (1, 100, 1_000, BATCH):
                print(await feed(models, facts[: size * 500], name, size), flush=True)
        await models.close()
        await store.close()
        keys.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS))
