"""Random histories over HTTP against a naive model of the feed: celebrities at three, work behind, restarts."""

import math
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.ids import new_id, time_of
from infra.core import celebrities, utc_now
from projections.timelines import INLINE
from streams.fanout import do
from tests.api.inside import Inside, inside
from tests.api.test_feed import followed, published, walk

NAMES = ("ana", "ben", "cyn", "dan", "eve")
VERBS = ("follow", "follow", "follow", "publish", "publish", "like", "comment", "remove", "mute", "review", "work")
PAGES = (1, 7, 100)


@dataclass
class History:
    """What was done, and what must be shown for it."""

    draw: random.Random
    here: Inside
    ids: dict[str, str] = field(default_factory=dict)
    follows: set[tuple[str, str]] = field(default_factory=set)
    mutes: set[tuple[str, str]] = field(default_factory=set)
    owner: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    likes: set[tuple[str, str]] = field(default_factory=set)
    comments: list[tuple[str, str]] = field(default_factory=list)

    async def begin(self) -> None:
        for name in NAMES:
            self.ids[name] = await self.here.member(name)
        # Many follow ana, so that her photos go out in chunks.
        await followed(self.here, self.ids["ana"], [new_id(number, utc_now()) for number in range(INLINE + 1)])

    async def step(self, verb: str) -> None:
        await getattr(self, verb)(*self.draw.sample(NAMES, 2))

    async def follow(self, me: str, other: str) -> None:
        pair = (me, other)
        ends = pair in self.follows
        answer = await self.here.call(me, "DELETE" if ends else "PUT", f"/members/{other}/follow")
        assert answer.status_code == 200, answer.text
        self.follows ^= {pair}

    async def mute(self, me: str, other: str) -> None:
        pair = (me, other)
        answer = await self.here.call(me, "DELETE" if pair in self.mutes else "PUT", f"/members/{other}/mute")
        assert answer.status_code == 204, answer.text
        self.mutes ^= {pair}

    async def publish(self, me: str, _: str) -> None:
        age = timedelta(days=self.draw.choice((0, 0, 1, 6, 8, 100)))
        for photo in await published(self.here, self.ids[me], age, of=self.draw.choice((1, 3))):
            self.owner[photo] = me

    def _shown(self) -> list[str]:
        return sorted(set(self.owner) - self.gone)

    async def remove(self, me: str, _: str) -> None:
        own = [photo for photo in self._shown() if self.owner[photo] == me]
        if own:
            photo = self.draw.choice(own)
            assert (await self.here.call(me, "DELETE", f"/photos/{photo}")).status_code == 204
            self.gone.add(photo)

    async def like(self, me: str, _: str) -> None:
        if shown := self._shown():
            pair = (me, self.draw.choice(shown))
            answer = await self.here.call(me, "DELETE" if pair in self.likes else "PUT", f"/photos/{pair[1]}/like")
            assert answer.status_code == 200, answer.text
            self.likes ^= {pair}

    async def comment(self, me: str, _: str) -> None:
        if shown := self._shown():
            photo = self.draw.choice(shown)
            answer = await self.here.call(me, "POST", f"/photos/{photo}/comments", json={"text": "Hm"})
            assert answer.status_code == 201, answer.text
            self.comments.append((me, photo))

    async def review(self, *_: str) -> None:
        reviews = celebrities(self.here.core)
        reviews.noted(self.ids.values())
        await self.here.level()
        await reviews.look()

    async def work(self, *_: str) -> None:
        """Some of what is behind, in any order."""
        chunks = self.here.core.queries.chunks
        for hot in await chunks.hot():
            for chunk in await chunks.of(hot, limit=16):
                if self.draw.random() < 0.5:
                    await do(chunks, hot, chunk.chunk_id)

    def latest(self, me: str) -> list[str]:
        seen = {other for who, other in self.follows - self.mutes if who == me} | {me}
        return [photo for photo in reversed(self._shown()) if self.owner[photo] in seen]

    def ranked(self, me: str) -> list[str]:
        now = utc_now()
        given = Counter()
        for weight, said in ((1, self.likes), (2, self.comments)):
            for who, photo in said:
                if who == me and self.owner[photo] != me:
                    given[self.owner[photo]] += weight
        touched = Counter(photo for _, photo in self.likes)
        for _, photo in self.comments:
            touched[photo] += 2

        def weight(photo: str) -> tuple[float, str]:
            age = (now - time_of(photo)).total_seconds() / 3600
            return (1 + touched[photo]) * 2 ** (-age / 24) * (1 + math.log(1 + given[self.owner[photo]])), photo

        recent = [photo for photo in self.latest(me) if time_of(photo) > now - timedelta(days=7)]
        return sorted(recent, key=weight, reverse=True)

    async def check(self) -> None:
        await self.here.level()
        for me in self.draw.sample(NAMES, 2):
            for limit in PAGES:
                assert await walk(self.here, me, limit) == self.latest(me)
            if any(who == me for who, _ in self.follows):
                assert await walk(self.here, me, self.draw.choice(PAGES), order="ranked") == self.ranked(me)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(verbs=st.lists(st.sampled_from(VERBS), min_size=15, max_size=40), seed=st.integers(0, 999))
async def test_feeds_are_those_of_a_naive_model_whatever_is_behind(verbs, seed):
    with TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        said = {"celebrity_up": 3, "celebrity_down": 2, "timeline_days": 7.5}
        async with inside(data, **said) as here:
            history = History(random.Random(seed), here)
            await history.begin()
            half = len(verbs) // 2
            for verb in verbs[:half]:
                await history.step(verb)
            await history.check()
            headers = here.headers
        async with inside(data, **said) as here:  # started again, with its work still behind
            here.headers.update(headers)
            history.here = here
            await history.check()
            for verb in verbs[half:]:
                await history.step(verb)
            await history.check()
