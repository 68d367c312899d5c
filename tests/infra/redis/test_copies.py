"""Copies in Redis are never older than the tables, whoever writes, and whatever becomes of Redis."""

import asyncio
import random
import socket

import pytest

from commands.errors import Unavailable
from infra.caching.hits import Hits
from infra.cassandra.likes import CassandraLikes
from infra.cassandra.photos import CassandraPhotos
from infra.cassandra.profiles import CassandraProfiles
from infra.cassandra.visibility import CassandraImmediate, CassandraSight
from infra.redis.copies import RedisCopies
from infra.stack import control
from infra.stack.layout import default_cache
from projections.catalogue import CATALOGUE
from projections.photos import PHOTOS, PhotoRow
from projections.stores import Batch, Fed, Model, State
from tests.cluster import SERVERS, Cluster, cluster, keyspace
from tests.projections.histories import REACTIONS, VERBS, World
from tests.streams.memory_log import MemoryLog

pytestmark = pytest.mark.cluster

COPIED = {name: each for each in CATALOGUE if (name := each.name) in ("visibility", "photos", "profiles", "likes")}


class Ports:
    """What reads copied rows, or the tables."""

    def __init__(self, known: Cluster) -> None:
        self.sight, self.photos = CassandraSight(known.rows), CassandraPhotos(known.rows)
        self.profiles, self.likes = CassandraProfiles(known.rows), CassandraLikes(known.rows)

    async def all(self, world: World, draw: random.Random) -> list:
        members = draw.sample(sorted(world.members), min(3, len(world.members)))
        photos = draw.sample(sorted(world.photos), min(4, len(world.photos)))
        return await asyncio.gather(
            self.sight.photos([*photos, "nothing"]),
            self.sight.members(members),
            self.sight.relations(members[0], members[1:]),
            self.photos.by_ids(photos),
            self.profiles.by_ids(members),
            self.likes.liked(members[0], photos),
        )


async def feed(known: Cluster, log: MemoryLog, names, reached: dict) -> None:
    for name in names:
        facts = [fact for fact in log.facts[0] if fact.position.number > reached.get(name, 0)]
        if facts:
            batch = Batch(0, reached.get(name, 0), facts[-1].position.number, facts)
            assert await known.models.feed(Model(name, 1), COPIED[name], batch, park=False) is Fed.APPLIED
            reached[name] = batch.last


@pytest.fixture
async def places(stack):
    addresses = stack.need(*SERVERS)
    async with (
        keyspace(addresses) as space,
        cluster(addresses, space) as bare,
        cluster(addresses, space, copies=addresses.redis) as one,
        cluster(addresses, space, copies=addresses.redis) as two,
    ):
        for projection in COPIED.values():
            await bare.models.create(projection, State.LIVE)
        yield bare, one, two


async def test_copies_are_the_tables_own_under_any_interleaving(places) -> None:
    bare, one, two = places
    draw = random.Random(3)
    log, reached, applied = MemoryLog(), {}, 0
    world = World(log).live(*[("join", 0, 0, 0)] * 4, *[("upload", at, 0, 0) for at in range(4)])
    ports, readers = Ports(bare), [Ports(one), Ports(two)]
    for _ in range(40):
        world.live(*[
            (draw.choice([*VERBS, *REACTIONS, "follow", "like", "process"]), *draw.choices(range(6), k=3))
            for _ in range(draw.randint(1, 4))
        ])  # fmt: skip
        writer, question = draw.choice([one, two]), draw.random()
        asking = [asyncio.create_task(each.all(world, random.Random(question))) for each in readers]  # they fill
        if draw.random() < 0.5:
            await CassandraImmediate(writer.rows).apply(log.facts[0][applied:])
            applied = len(log.facts[0])
        await feed(writer, log, draw.sample(sorted(COPIED), draw.randint(0, len(COPIED))), reached)
        await asyncio.gather(*asking)
        expected = await ports.all(world, random.Random(question))
        for each in readers:
            assert await each.all(world, random.Random(question)) == expected


async def test_what_was_read_before_a_change_is_not_put_there_after_it(places) -> None:
    bare, one, two = places
    world = World(MemoryLog()).live(("join", 0, 0, 0), ("upload", 0, 0, 0))
    reached: dict = {}
    await feed(one, world.log, COPIED, reached)
    (photo,) = world.photos
    copy, gate, reading = one.store._copy, asyncio.Event(), asyncio.Event()

    async def slow(keys):
        rows = await (await bare.rows.live(PHOTOS)).some(PhotoRow, keys)
        reading.set()
        await gate.wait()
        return rows

    asking = asyncio.create_task(copy.some(Model("photos", 1), PhotoRow, [(photo,)], slow))
    await reading.wait()
    world.live(("describe", 0, 1, 1))
    await feed(two, world.log, COPIED, reached)
    gate.set()
    await asking
    now = await Ports(bare).photos.by_ids([photo])
    assert await Ports(one).photos.by_ids([photo]) == await Ports(two).photos.by_ids([photo]) == now
    assert (await asking)[0] != now[photo]


async def test_fifty_who_miss_the_same_row_make_one_load(places) -> None:
    _, one, _ = places
    world = World(MemoryLog()).live(("join", 0, 0, 0), ("upload", 0, 0, 0))
    await feed(one, world.log, COPIED, {})
    (photo,) = world.photos
    reader, loads = await one.rows.live(PHOTOS), []

    async def load(keys):
        loads.append(keys)
        return await reader._stored(PhotoRow, keys)

    copy = one.store._copy
    answers = await asyncio.gather(*(copy.some(Model("photos", 1), PhotoRow, [(photo,)], load) for _ in range(50)))
    assert len(loads) == 1
    assert {rows[0].photo_id for rows in answers} == {photo}
    assert await copy.some(Model("photos", 1), PhotoRow, [(photo,)], load) == answers[0]
    assert len(loads) == 1


async def test_redis_killed_and_started_again_with_its_old_data_shows_nothing_old(stack, tmp_path) -> None:
    addresses = stack.need("cassandra", "redis")
    mine = control.up(tmp_path / "own", default_cache(), ["redis"])  # of this test alone: it is killed
    try:
        async with (
            keyspace(addresses) as space,
            cluster(addresses, space) as bare,
            cluster(addresses, space, copies=mine.redis) as one,
        ):
            for projection in COPIED.values():
                await bare.models.create(projection, State.LIVE)
            world, reached = World(MemoryLog()).live(("join", 0, 0, 0), ("upload", 0, 0, 0), ("process", 0, 0, 0)), {}
            await feed(one, world.log, COPIED, reached)
            (photo,) = world.photos
            before = await Ports(one).sight.photos([photo])
            assert await Ports(one).sight.photos([photo]) == before  # now from the copy
            control.kill(tmp_path / "own", "redis")
            world.live(("remove", 0, 0, 0))
            facts = world.log.facts[0]
            await CassandraImmediate(one.rows).apply(facts)  # takes effect, and says so
            gone = await Ports(one).sight.photos([photo])
            assert gone[photo].removed
            control.up(tmp_path / "own", default_cache(), ["redis"])
            for _ in range(3):
                assert await Ports(one).sight.photos([photo]) == gone
            async with asyncio.timeout(20):
                while not (await one.store._copy._line.ask(await run_of(one), [("KEYS", "*photo_states*")]))[0]:
                    await Ports(one).sight.photos([photo])  # until it is copied again
            assert await Ports(one).sight.photos([photo]) == gone
    finally:
        control.down(tmp_path / "own", wipe=True)


async def run_of(known: Cluster) -> str:
    async with asyncio.timeout(20):
        while True:
            try:
                return await known.store._copy._line.run()
            except Unavailable:
                await asyncio.sleep(0.05)  # the breaker's rest


async def test_a_redis_that_hangs_makes_drops_fail_and_reads_go_to_the_table() -> None:
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        copies = RedisCopies(f"redis://127.0.0.1:{hanging.getsockname()[1]}/0", realm="x", hits=Hits())

        async def load(keys):
            return [keys]

        assert await copies.some(Model("photos", 1), PhotoRow, [("a",)], load) == [[("a",)]]
        with pytest.raises(Unavailable):
            await asyncio.to_thread(copies.drop, Model("photos", 1), PhotoRow, [("a",)])
        await copies.close()
