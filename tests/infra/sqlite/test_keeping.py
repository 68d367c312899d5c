"""What is kept in memory is what the file says, whoever writes it, whatever is read meanwhile."""

import asyncio
import random

import pytest

from domain.events import MemberFollowed, PhotoLiked
from domain.ids import new_id
from infra.sqlite.affinity import SqliteAffinities
from infra.sqlite.counters import SqliteCounters
from infra.sqlite.follows import SqliteFollows
from infra.sqlite.keeping import Kind
from infra.sqlite.kept import (
    KeptAffinities,
    KeptCounters,
    KeptFollows,
    KeptLikes,
    KeptPhotos,
    KeptProfiles,
    KeptSessions,
    KeptSight,
    KeptSimilar,
    KeptTimelines,
)
from infra.sqlite.likes import SqliteLikes
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.photos import SqlitePhotos
from infra.sqlite.profiles import SqliteProfiles
from infra.sqlite.similar import SqliteSimilar
from infra.sqlite.timelines import SqliteTimelines
from infra.sqlite.visibility import SqliteImmediate, SqliteSessions, SqliteSight
from projections.catalogue import CATALOGUE
from projections.counters import Kind as Count
from projections.grounds import noting
from projections.likes import LIKES
from projections.photos import PHOTOS
from projections.stores import Batch, Fed, Model, PoisonedError, State
from projections.visibility import VISIBILITY
from streams.following import prepare
from tests.projections.desks import uploaded
from tests.projections.histories import REACTIONS, VERBS, World
from tests.streams.memory_log import START, MemoryLog

BY_NAME = {projection.name: projection for projection in CATALOGUE}
WATCHED = ("follows", "affinity", "timelines")
FEEDS = ("visibility", "photos", "profiles", "likes", "counters", "timelines", "similar")


async def opened(directory) -> SqliteReadModels:
    models = SqliteReadModels(directory, CATALOGUE)
    await models.open()
    return models


class Ports:
    """Every port that is kept, or every one that reads the file."""

    def __init__(self, models: SqliteReadModels, *, kept: bool) -> None:
        files = (
            SqliteSight,
            SqliteSessions,
            SqlitePhotos,
            SqliteProfiles,
            SqliteCounters,
            SqliteLikes,
            SqliteTimelines,
            SqliteSimilar,
        )
        keeps = (
            KeptSight,
            KeptSessions,
            KeptPhotos,
            KeptProfiles,
            KeptCounters,
            KeptLikes,
            KeptTimelines,
            KeptSimilar,
        )
        ports = [file(models) for file in files]
        if kept:
            ports = [keep(models, port) for keep, port in zip(keeps, ports, strict=True)]
        self.sight, self.sessions, self.photos, self.profiles, self.counters, self.likes, *ports = ports
        self.timelines, self.similar = ports

    async def all(self, world: World, draw: random.Random) -> list:
        """Everything that can be asked about a part of a world."""
        members = draw.sample(sorted(world.members), min(3, len(world.members)))
        photos = draw.sample(sorted(world.photos), min(4, len(world.photos)))
        viewer = members[0]
        asked = (
            self.sight.photos(photos),
            self.sight.members(members),
            self.sight.relations(viewer, members[1:]),
            self.sessions.ended(draw.choice(members), draw.choice(members)),
            self.photos.by_ids(photos),
            self.profiles.by_ids(members),
            self.counters.read([*photos, *members], [Count.LIKES, Count.COMMENTS, Count.FOLLOWERS]),
            self.likes.liked(viewer, photos),
            self.timelines.page(
                viewer, before=None, limit=draw.choice([1, 5, 51]), oldest=draw.choice(["", photos[0]])
            ),
            self.timelines.hot(),
            self.timelines.celebrities(),
            self._alike(photos[0]),
        )
        return [await each for each in asked]

    async def _alike(self, photo: str) -> list:
        descriptor = await self.similar.descriptor(photo)
        return [descriptor, None if descriptor is None else await self.similar.nearest(descriptor, limit=500)]


async def feed(models: SqliteReadModels, log: MemoryLog, names, reached: dict) -> None:
    for name in names:
        model = Model(name, 1)
        facts = [fact for fact in log.facts[0] if fact.position.number > reached.get(name, 0)]
        if facts:
            last = facts[-1].position.number
            batch = Batch(0, reached.get(name, 0), last, facts)
            assert await models.feed(model, BY_NAME[name], batch, park=False) is Fed.APPLIED
            reached[name] = last


@pytest.mark.parametrize("seed", range(6))
async def test_kept_answers_are_the_files_own_under_any_interleaving(tmp_path, seed) -> None:
    draw = random.Random(seed)
    own = await opened(tmp_path)
    await prepare(own, CATALOGUE, log=MemoryLog())
    other = await opened(tmp_path)  # as another process would
    kept, bare = Ports(own, kept=True), Ports(own, kept=False)
    log, reached = MemoryLog(), {}
    world = World(log).live(*[("join", 0, 0, 0)] * 4, *[("upload", at, 0, 0) for at in range(4)])
    applied = 0
    try:
        for _ in range(60):
            steps = [
                (draw.choice([*VERBS, *REACTIONS, "follow", "like", "process"]), *draw.choices(range(6), k=3))
                for _ in range(draw.randint(1, 4))
            ]
            world.live(*steps)
            writer = draw.choice([own, own, own, other])
            if draw.random() < 0.5:  # a command handler is ahead of the followers
                facts = log.facts[0][applied:]
                await SqliteImmediate(writer).apply(facts)
                applied = len(log.facts[0])
            names = draw.sample(FEEDS, draw.randint(0, len(FEEDS)))
            asking = asyncio.create_task(kept.all(world, random.Random(0)))  # fills while it is written
            await feed(writer, log, names, reached)
            await asking
            question = draw.random()
            assert await kept.all(world, random.Random(question)) == await bare.all(world, random.Random(question))
    finally:
        await own.close()
        await other.close()


async def test_what_a_batch_that_failed_was_about_to_change_is_still_right(tmp_path) -> None:
    models = await opened(tmp_path)
    await prepare(models, CATALOGUE, log=MemoryLog())
    world = World(MemoryLog()).live(("join", 0, 0, 0), ("join", 1, 0, 0), ("upload", 0, 0, 0))
    kept, reached = Ports(models, kept=True), {}
    await feed(models, world.log, FEEDS, reached)
    (photo,) = world.photos
    before = await kept.photos.by_ids([photo])
    world.live(("describe", 0, 1, 1))
    facts = world.log.facts[0]
    poison = [*facts[-1:], object()]
    with pytest.raises((PoisonedError, AttributeError)):
        await models.feed(Model("photos", 1), PHOTOS, Batch(0, reached["photos"], 10_000, poison), park=False)
    assert await kept.photos.by_ids([photo]) == before
    await feed(models, world.log, FEEDS, reached)
    assert await kept.photos.by_ids([photo]) == await SqlitePhotos(models).by_ids([photo]) != before
    await models.close()


def following(member: str, other: str) -> MemberFollowed:
    return MemberFollowed(at=START, follower_id=member, followed_id=other)


@pytest.mark.parametrize("what", ["follows", "affinity", "timeline", "author lists"])
async def test_what_is_too_long_to_keep_stands_until_a_row_of_it_changes(tmp_path, what) -> None:
    models = await opened(tmp_path)
    await prepare(models, CATALOGUE, log=MemoryLog())
    world, reached = World(MemoryLog()), {}
    ada, bob, cid = world.live(*[("join", 0, 0, 0)] * 3).members
    timelines = KeptTimelines(models, SqliteTimelines(models))
    ask = {
        "follows": lambda: KeptFollows(models, SqliteFollows(models)).following(ada, before=None, limit=9),
        "affinity": lambda: KeptAffinities(models, SqliteAffinities(models)).given(ada, since=START),
        "timeline": lambda: timelines.page(ada, before=None, limit=500),
        "author lists": lambda: timelines.of_authors([ada], before=None, oldest="", limit=500),
    }[what]
    liking = {"at": START, "photo_id": new_id(0, START), "owner_id": bob}
    mine, others = {
        "follows": (following(ada, bob), following(bob, ada)),
        "affinity": (PhotoLiked(member_id=ada, **liking), PhotoLiked(member_id=cid, **liking)),
        "timeline": (uploaded(ada, new_id(0, START)), uploaded(cid, new_id(0, START))),
        "author lists": (uploaded(ada, new_id(0, START)), uploaded(cid, new_id(0, START))),
    }[what]
    await feed(models, world.log, WATCHED, reached)
    with noting() as grounds:
        before = await ask()
    assert grounds.stand()
    world.log.append(0, "others", others)
    await feed(models, world.log, WATCHED, reached)
    assert grounds.stand()
    world.log.append(0, "mine", mine)
    await feed(models, world.log, WATCHED, reached)
    assert not grounds.stand()
    assert await ask() != before
    await models.close()


async def test_a_switch_to_another_build_is_followed(tmp_path) -> None:
    models = await opened(tmp_path)
    await prepare(models, CATALOGUE, log=MemoryLog())
    world = World(MemoryLog()).live(("join", 0, 0, 0), ("join", 1, 0, 0), ("upload", 0, 0, 0), ("like", 0, 0, 0))
    await feed(models, world.log, FEEDS, {})
    ((photo, member),) = world.likes
    kept = Ports(models, kept=True)
    assert await kept.likes.liked(member, [photo]) == {photo}
    empty = await models.create(LIKES, State.READY)
    await models.switch(empty)
    async with asyncio.timeout(10):
        while await kept.likes.liked(member, [photo]):  # noqa: ASYNC110 - nobody tells of a switch
            await asyncio.sleep(0)
    await models.drop(Model("likes", 1))
    assert await kept.likes.liked(member, [photo]) == frozenset()
    await models.close()


async def test_fifty_who_miss_the_same_thing_make_one_load(tmp_path) -> None:
    models = await opened(tmp_path)
    await prepare(models, CATALOGUE, log=MemoryLog())
    loads, gate = [], asyncio.Event()
    kind: Kind[str, str] = Kind("things", 100, lambda _, key: key[:1])

    async def load(keys):
        loads.append(keys)
        await gate.wait()
        return {key: key.upper() for key in keys}

    asking = [asyncio.create_task(models.some(VISIBILITY, kind, ["a", "b"], load)) for _ in range(50)]
    await asyncio.sleep(0)
    asking[0].cancel()  # whoever began it may go away
    await asyncio.sleep(0)
    gate.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert [answer for answer in answers[1:] if answer != {"a": "A", "b": "B"}] == []
    assert len(loads) == 1
    assert await models.some(VISIBILITY, kind, ["a"], load) == {"a": "A"}
    assert len(loads) == 1
    tally = models.hits.of("process", "things")
    assert (tally.found, tally.missed) == (1, 100)
    await models.close()


async def test_one_look_counts_for_a_turn_of_the_loop_and_whoever_knows_of_a_commit_has_the_next(tmp_path) -> None:
    models, other = await opened(tmp_path), await opened(tmp_path)
    await prepare(models, CATALOGUE, log=MemoryLog())
    world, reached = World(MemoryLog()), {}
    ada, bob = world.live(*[("join", 0, 0, 0)] * 2).members
    await feed(models, world.log, FEEDS, reached)
    like = PhotoLiked(member_id=ada, at=START, photo_id=new_id(0, START), owner_id=bob)
    likes, looks = KeptLikes(models, SqliteLikes(models)), []

    async def liked() -> bool:
        return like.photo_id in await likes.liked(ada, [like.photo_id])

    async def ask() -> None:
        looks.append(await liked())

    assert not await liked()
    world.log.append(0, "like", like)
    begun = asyncio.create_task(ask())  # served now or later, but before the commit is known
    await feed(other, world.log, ("likes",), reached)
    assert await liked()
    await begun
    (held,) = [each for model, each in models._held.items() if model.projection == "likes"]
    statements: list[str] = []
    held._file.set_trace_callback(statements.append)
    await asyncio.gather(*(ask() for _ in range(20)))
    assert looks[1:] == [True] * 20
    assert len(statements) == 1
    await asyncio.sleep(0)
    await ask()
    assert len(statements) == 2
    held._file.set_trace_callback(None)
    await models.close()
    await other.close()
