"""Timelines whose fan-out is paused, behind, cut and repeated: what may be read is whole at every moment."""

import random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from domain.events import (
    AuthorBecameCelebrity,
    AuthorCeasedCelebrity,
    FollowAccepted,
    MemberFollowed,
    MemberUnfollowed,
    PhotoUploaded,
)
from domain.ids import first_id
from projections.stores import Batch, Fed, State
from projections.timelines import BUCKETS, STORED, TIMELINES, ChunkRow, HotAuthorRow, TimelineRow, build_timelines
from streams.fanout import FanOut, do
from streams.proving import prove
from streams.rebuild import catch_up, rebuild
from streams.verifying import dump, verify
from tests.cluster import SERVERS
from tests.projections.desks import Author, Desk, live, member, on_cassandra, on_sqlite
from tests.projections.histories import World
from tests.streams.memory_log import MemoryLog, twice

TINY = build_timelines(inline=1)
VERBS = ("join", "follow", "follow", "follow", "upload", "upload", "fame")

steps = st.lists(st.tuples(st.sampled_from(VERBS), *[st.integers(0, 5)] * 3), min_size=20, max_size=60)
many = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
few = settings(
    max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate]
)


class Naive:
    """What may stand in each member's feed, and what is written ahead in the end."""

    def __init__(self):
        self.follows, self.photos = set(), []
        self.celebrities, self.ahead = set(), set()

    def take(self, fact):
        match fact.event:
            case PhotoUploaded(owner_id=owner, photo_id=photo):
                self.photos.append((owner, photo))
                followers = set() if owner in self.celebrities else self.followers(owner)
                self.ahead |= {(member, photo) for member in {owner, *followers}}
            case MemberFollowed() | FollowAccepted() as made:
                self.follows.add((made.follower_id, made.followed_id))
                if made.followed_id not in self.celebrities:
                    self.fill(made.follower_id, made.followed_id, fact)
            case MemberUnfollowed() as ended:
                self.follows.discard((ended.follower_id, ended.followed_id))
            case AuthorBecameCelebrity(member_id=author):
                self.celebrities.add(author)
            case AuthorCeasedCelebrity(member_id=author):
                self.celebrities.discard(author)
                for follower in self.followers(author):
                    self.fill(follower, author, fact)

    def followers(self, author):
        return {follower for follower, followed in self.follows if followed == author}

    def fill(self, follower, author, fact):
        oldest = first_id(fact.recorded_at - STORED)
        self.ahead |= {(follower, photo) for owner, photo in self.photos if owner == author and photo >= oldest}

    def feed(self, member):
        return {photo for owner, photo in self.photos if owner == member or (member, owner) in self.follows}


async def read(desk: Desk, naive: Naive, member: str) -> set[str]:
    """What a reader finds, as long as it only looks at whom it follows."""
    hot = [owner for owner in await desk.timelines.hot() if (member, owner) in naive.follows]
    rows = await desk.timelines.page(member, before=None, limit=1000)
    merged = await desk.timelines.of_authors(hot, before=None, oldest="", limit=1000)
    return {row.photo_id for row in rows} | set(merged)


async def complete_at_every_moment(desk: Desk, log: MemoryLog, draw: random.Random) -> None:
    """Feed, work and read by turns, in any order; in the end, live and rebuilt rows are those of the rule."""
    model = await desk.models.create(TINY, State.LIVE)
    naive, reached = Naive(), dict.fromkeys(range(log.logs), 0)
    left = {number: list(facts) for number, facts in log.facts.items() if facts}
    while left:
        number, count = draw.choice(sorted(left)), draw.randint(1, 6)
        facts, left[number] = left[number][:count], left[number][count:]
        batch = Batch(number, reached[number], facts[-1].position.number, twice(facts))
        assert await desk.models.feed(model, TINY, batch, park=False) is Fed.APPLIED
        reached[number] = batch.last
        if not left[number]:
            del left[number]
        for fact in facts:
            naive.take(fact)
        await some_work(desk, draw)
        for who in draw.sample(everyone := sorted(members_of(naive)), min(3, len(everyone))):
            assert naive.feed(who) <= await read(desk, naive, who)
    built = await rebuild(TINY, log=log, models=desk.models, batch=7)
    await FanOut(desk.chunks).drain()
    for each in (model, built):
        rows = await dump(TINY, each, models=desk.models)
        assert {(row.member_id, row.photo_id) for row in rows if isinstance(row, TimelineRow)} == naive.ahead
        assert not [row for row in rows if isinstance(row, ChunkRow | HotAuthorRow)]
    verdict = await verify(TINY, model, built, models=desk.models)
    assert (verdict.differences, verdict.same_positions) == ((), True)


@pytest.mark.parametrize("where", ["sqlite", pytest.param("cassandra", marks=pytest.mark.cluster)])
async def test_builds_are_compared_once_what_they_leave_to_others_is_done(where, request):
    on = on_sqlite(TINY) if where == "sqlite" else on_cassandra(request.getfixturevalue("stack").need(*SERVERS))
    world = World(MemoryLog(2)).live(*[("join", 0, 0, 0)] * 4, *[("follow", 0, 1, 0), ("follow", 1, 2, 0)] * 4)
    log = world.live(*[("upload", number, 0, 0) for number in range(20)], *[("follow", 3, 1, 0)] * 3).log
    async with on as desk:
        shown = await desk.models.create(TINY, State.READY)
        await catch_up(shown, TINY, log=log, models=desk.models)
        await FanOut(desk.chunks).drain()
        built = await rebuild(TINY, log=log, models=desk.models)
        assert await desk.chunks.hot()
        assert (await prove(TINY, shown, built, log=log, models=desk.models)).differences
        assert (await prove(TINY, shown, built, log=log, models=desk.models, settle=FanOut(desk.chunks).drain)).equal


async def some_work(desk: Desk, draw: random.Random) -> None:
    """A few chunks, in any order, some of them by two workers, and some authors looked at with nothing to do."""
    for hot in await desk.chunks.hot():
        for chunk in await desk.chunks.of(hot, limit=16):
            if draw.random() < 0.3:
                await do(desk.chunks, hot, chunk.chunk_id)
            if draw.random() < 0.1:
                await do(desk.chunks, hot, chunk.chunk_id)
        if draw.random() < 0.3:
            await desk.chunks.cool(hot)


def members_of(naive: Naive) -> set[str]:
    return {member for pair in naive.follows for member in pair} | {owner for owner, _ in naive.photos}


@many
@given(taken=steps, count=st.sampled_from([1, 4]), seed=st.integers(0, 999))
async def test_a_feed_lacks_nothing_however_far_behind_the_work_is(taken, count, seed):
    log = World(MemoryLog(count)).live(*[("join", 0, 0, 0)] * 4, *taken).log
    async with on_sqlite(TINY) as desk:
        await complete_at_every_moment(desk, log, random.Random(seed))


@pytest.mark.cluster
@few
@given(taken=steps, seed=st.integers(0, 999))
async def test_a_feed_lacks_nothing_on_the_servers_either(stack, taken, seed):
    log = World(MemoryLog(4)).live(*[("join", 0, 0, 0)] * 4, *taken).log
    async with on_cassandra(stack.need(*SERVERS)) as desk:
        await complete_at_every_moment(desk, log, random.Random(seed))


@pytest.mark.parametrize("where", ["sqlite", pytest.param("cassandra", marks=pytest.mark.cluster)])
async def test_every_follower_of_very_many_reads_a_photo_before_its_fan_out_ends(where, request):
    on = on_sqlite(TIMELINES) if where == "sqlite" else on_cassandra(request.getfixturevalue("stack").need(*SERVERS))
    async with on as desk:
        model = await live(desk, TIMELINES)
        facts, author, followers = (
            Author(desk, TIMELINES, model),
            member(1),
            [member(9 + each) for each in range(2_000)],
        )
        await facts.followed(author, followers)
        (photo,) = await facts.publish(author)
        (hot,) = await desk.chunks.hot()
        chunks = await desk.chunks.of(hot, limit=99)
        assert len(chunks) == BUCKETS
        written = 0
        for chunk in chunks:
            assert await desk.timelines.hot() == {author}
            assert list(await desk.timelines.of_authors([author], before=None, oldest="", limit=9)) == [photo]
            await do(desk.chunks, hot, chunk.chunk_id)
            rows = [bool(await desk.timelines.page(each, before=None, limit=9)) for each in followers[::50]]
            assert sum(rows) >= written
            written = sum(rows)
        assert await desk.timelines.hot() == frozenset()
        assert not await desk.chunks.hot()
        for each in followers:
            (row,) = await desk.timelines.page(each, before=None, limit=9)
            assert row.photo_id == photo


async def test_work_that_fails_keeps_no_other_author_waiting():
    async with on_sqlite(TINY) as desk:
        model = await live(desk, TINY)
        facts, authors, fans = (
            Author(desk, TINY, model),
            [member(1), member(2)],
            [member(9 + each) for each in range(3)],
        )
        photos = {}
        for author in authors:
            await facts.followed(author, fans)
            photos[author] = await facts.publish(author)

        class Hurt:
            def __getattr__(self, name):
                return getattr(desk.chunks, name)

            async def write(self, hot, chunk, rows):
                if hot.owner_id == authors[0]:
                    raise OSError("no room for this one")
                await desk.chunks.write(hot, chunk, rows)

        with pytest.raises(OSError, match="no room"):
            await FanOut(Hurt()).drain()
        assert await desk.timelines.hot() == {authors[0]}, "whose photos are merged in until it goes well"
        for fan in fans:
            rows = await desk.timelines.page(fan, before=None, limit=9)
            assert [row.photo_id for row in rows] == photos[authors[1]]
        await FanOut(desk.chunks).drain()
        for fan in fans:
            assert len(await desk.timelines.page(fan, before=None, limit=9)) == 2
