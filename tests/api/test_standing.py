"""A page that is given again is never another than the one that would be made anew, and what restricts acts at once."""

import random
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.standing import LIFE, Made, Standing
from infra.core import utc_now
from infra.files.objects import FileObjects
from infra.sqlite.affinity import SqliteAffinities
from infra.sqlite.counters import SqliteCounters
from infra.sqlite.follows import SqliteFollows
from infra.sqlite.likes import SqliteLikes
from infra.sqlite.photos import SqlitePhotos
from infra.sqlite.profiles import SqliteProfiles
from infra.sqlite.timelines import SqliteTimelines
from infra.sqlite.visibility import SqliteSessions, SqliteSight
from projections.grounds import Grounds, doubted, noted, noting
from streams.fanout import do
from tests.api.inside import Inside, inside
from tests.api.test_feed import published
from tests.people import PASSWORD

NAMES = ("ana", "ben", "cyn", "dan")
VERBS = (
    *("follow", "mute", "block", "hide", "close_off", "rename", "like", "comment", "view", "publish", "remove", "work"),
    *("logout", "grow"),
)
LIMIT = 3


@pytest.fixture
def given_again(monkeypatch):
    """Counts answers that were given again."""
    return counting(monkeypatch)


def counting(monkeypatch) -> Counter:
    seen: Counter = Counter()
    get = Standing.get

    def counted(self, key):
        made = get(self, key)
        seen["again" if made else "missed"] += 1
        return made

    monkeypatch.setattr(Standing, "get", counted)
    return seen


@asynccontextmanager
async def anew(here: Inside):
    """The same installation over ports that read the files each time, so that nothing is given again."""
    models = here.core.models
    ports = {
        "sight": SqliteSight(models),
        "sessions": SqliteSessions(models),
        "photos": SqlitePhotos(models),
        "profiles": SqliteProfiles(models),
        "counters": SqliteCounters(models),
        "likes": SqliteLikes(models),
        "timelines": SqliteTimelines(models),
        "follows": SqliteFollows(models),
        "affinities": SqliteAffinities(models),
    }
    async with here.without(**ports) as other:
        yield other


async def asked(here: Inside, who: str, cursor: str | None, order: str = "latest"):
    params = {"limit": LIMIT, "order": order, **({"cursor": cursor} if cursor else {})}
    own = {"Authorization": here.headers[who]["Authorization"]}
    answer = await here.http.get("/v1/feed", params=params, headers=own)
    body = answer.json()
    return answer.status_code, answer.headers.get("ETag"), body.get("items"), body.get("next_cursor")


async def compare(here: Inside, other: Inside, who: str) -> None:
    """Page by page: what this server says is what one says that remembers nothing; both as of one moment."""
    await compared(here, other, who, None, "ranked")
    cursor = None
    for _ in range(3):
        if (cursor := await compared(here, other, who, cursor, "latest")) is None:
            break


async def compared(here: Inside, other: Inside, who: str, cursor: str | None, order: str) -> str | None:
    for _ in range(200):
        before, said, after = [await asked(where, who, cursor, order) for where in (other, here, other)]
        if order == "ranked":  # each order has a tag of its own
            before, said, after = ((status, None, *rest) for status, _, *rest in (before, said, after))
        if before[:3] == after[:3]:
            break
    assert before[:3] == after[:3]
    assert said[:3] == before[:3]
    assert (said[3] is None) == (before[3] is None)
    return before[3]


class History:
    """What is done at random; everything goes through the API."""

    def __init__(self, here: Inside, seed: int) -> None:
        self.here = here
        self.draw = random.Random(seed)
        self.photos: list[tuple[str, str]] = []
        self.ids: dict[str, str] = {}
        self.on: set[tuple[str, ...]] = set()

    async def begin(self) -> None:
        for name in NAMES:
            self.ids[name] = await self.here.member(name)
        for name in NAMES:
            await self.publish(name, name, of=4)
            for other in NAMES:
                if other != name:
                    await self.follow(name, other)

    async def toggle(self, what: str, me: str, path: str) -> None:
        """On or off, the other way round than before."""
        key = (what, me, path)
        answer = await self.here.call(me, "DELETE" if key in self.on else "PUT", path)
        assert answer.status_code < 500, answer.text
        self.on ^= {key}

    async def follow(self, me: str, other: str) -> None:
        await self.toggle("follow", me, f"/members/{other}/follow")

    async def mute(self, me: str, other: str) -> None:
        await self.toggle("mute", me, f"/members/{other}/mute")

    async def block(self, me: str, other: str) -> None:
        await self.toggle("block", me, f"/members/{other}/block")

    async def publish(self, me: str, _: str, of: int = 2) -> None:
        self.photos += [(me, photo) for photo in await published(self.here, self.ids[me], of=of)]

    async def remove(self, me: str, _: str) -> None:
        owner, photo = self.draw.choice(self.photos)
        method, path = self.draw.choice((("DELETE", ""), ("POST", "/restore")))
        assert (await self.here.call(owner, method, f"/photos/{photo}{path}")).status_code < 500

    async def hide(self, me: str, _: str) -> None:
        owner, photo = self.draw.choice(self.photos)
        body = {"audience": self.draw.choice(("public", "friends", "private")), "caption": str(self.draw.random())}
        assert (await self.here.call(owner, "PATCH", f"/photos/{photo}", json=body)).status_code < 500

    async def close_off(self, me: str, _: str) -> None:
        body = {"private": self.draw.choice((True, False))}
        assert (await self.here.call(me, "PATCH", "/me", json=body)).status_code == 200

    async def rename(self, me: str, _: str) -> None:
        body = {"first_name": f"Name {self.draw.randrange(1000)}"}
        assert (await self.here.call(me, "PATCH", "/me", json=body)).status_code == 200

    async def like(self, me: str, _: str) -> None:
        await self.toggle("like", me, f"/photos/{self.draw.choice(self.photos)[1]}/like")

    async def comment(self, me: str, _: str) -> None:
        path = f"/photos/{self.draw.choice(self.photos)[1]}/comments"
        assert (await self.here.call(me, "POST", path, json={"text": "Hm"})).status_code < 500

    async def view(self, me: str, _: str) -> None:
        body = {"photo_ids": [photo for _, photo in self.draw.sample(self.photos, 2)]}
        assert (await self.here.call(me, "POST", "/views", json=body)).status_code == 202

    async def work(self, *_: str) -> None:
        chunks = self.here.core.queries.chunks
        for hot in await chunks.hot():
            for chunk in await chunks.of(hot, limit=4):
                await do(chunks, hot, chunk.chunk_id)

    async def logout(self, me: str, _: str) -> None:
        """Ends a session, whose token is tried once more, and begins another."""
        old = dict(self.here.headers[me])
        assert (await asked(self.here, me, None))[0] == 200
        assert (await self.here.call(me, "DELETE", "/sessions/current")).status_code == 204
        answer = await self.here.http.get("/v1/feed", params={"limit": LIMIT}, headers=old)
        assert answer.status_code == 401
        session = await self.here.call(None, "POST", "/sessions", json={"username": me, "password": PASSWORD})
        self.here.headers[me]["Authorization"] = f"Bearer {session.json()['access_token']}"

    async def grow(self, *_: str) -> None:
        """Everything is applied, so that answers come to stand."""
        await self.here.level()


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(verbs=st.lists(st.sampled_from(VERBS), min_size=10, max_size=25), seed=st.integers(0, 999))
async def test_what_is_given_again_is_what_would_be_made_anew(verbs, seed):
    patch = pytest.MonkeyPatch()
    seen = counting(patch)
    with TemporaryDirectory() as folder:
        async with inside(Path(folder) / "data", celebrity_up=3, celebrity_down=2) as here, anew(here) as other:
            history = History(here, seed)
            await history.begin()
            await here.level()
            for who in (*NAMES, *NAMES):
                await compare(here, other, who)
            for verb in verbs:
                me, another = history.draw.sample(NAMES, 2)
                await getattr(history, verb)(me, another)
                for who in history.draw.sample(NAMES, 2):
                    await compare(here, other, who)
    patch.undo()
    assert seen["again"] > len(NAMES)


async def test_a_page_that_stands_is_gone_with_the_answer_of_a_command_that_restricts(tmp_path, given_again):
    async with inside(tmp_path / "data") as here:
        history = History(here, 1)
        await history.begin()
        await here.level()
        for other, verb in (("ben", "block"), ("cyn", "mute"), ("dan", "follow")):
            await asked(here, "ana", None)
            given_again.clear()
            _, tag, _, _ = await asked(here, "ana", None)
            assert given_again["again"]
            assert (await asked_304(here, "ana", tag)) == 304
            assert any(each["owner"]["username"] == other for each in (await all_items(here, "ana")))
            await getattr(history, verb)("ana", other)
            assert not any(each["owner"]["username"] == other for each in (await all_items(here, "ana")))


async def test_an_order_by_rank_is_given_again_until_something_that_ranks_it_changes(tmp_path, given_again):
    async with inside(tmp_path / "data") as here:
        history = History(here, 1)
        await history.begin()
        await here.level()

        async def ranked() -> list[str]:
            return [each["photo_id"] for each in (await asked(here, "ana", None, "ranked"))[2]]

        async def again() -> bool:
            before = given_again["again"]
            await ranked()
            return given_again["again"] > before

        first = await ranked()
        assert await again()
        *_, cursor = await asked(here, "ana", None, "ranked")
        rest = await asked(here, "ana", cursor, "ranked")
        assert rest[0] == 200
        assert not {each["photo_id"] for each in rest[2]} & set(first)
        last = next(photo for owner, photo in history.photos if owner == "ben" and photo not in first)
        assert (await here.call("cyn", "PUT", f"/photos/{last}/like")).status_code == 200  # another's like
        await here.level()
        assert (await ranked())[0] == last
        assert await again()
        liked = next(photo for owner, photo in history.photos if owner == "dan" and photo not in first)
        assert (await here.call("ana", "PUT", f"/photos/{liked}/like")).status_code == 200  # the reader's own
        await here.level()
        assert not await again()
        assert await again()
        await published(here, history.ids["cyn"], of=1)
        await here.level()
        assert not await again()
        assert await again()
        await history.block("ana", "ben")
        assert last not in await ranked()


async def test_an_answer_at_once_has_the_headers_of_one_that_went_the_whole_way(tmp_path, given_again):
    async with inside(tmp_path / "data") as here:
        history = History(here, 1)
        await history.begin()
        await here.level()
        said = {"X-Request-Id": "mine", **here.headers["ana"]}
        del said["X-Min-Position"]
        params = {"limit": LIMIT}
        for _ in range(2):
            whole = await here.http.get("/v1/feed", params=params, headers={**said, "Origin": "http://else.where"})
        given_again.clear()
        at_once = await here.http.get("/v1/feed", params=params, headers=said)
        assert given_again == {"again": 1}
        assert at_once.status_code == whole.status_code == 200
        assert set(at_once.headers) == set(whole.headers)
        for name in ("ETag", "Cache-Control", "Vary", "X-Content-Type-Options", "Content-Type", "Content-Length"):
            assert at_once.headers[name] == whole.headers[name]
        assert at_once.headers["X-Request-Id"] == "mine"
        assert at_once.content == whole.content
        head = await here.http.head("/v1/feed", params=params, headers=said)
        assert (head.status_code, head.content, head.headers["ETag"]) == (200, b"", whole.headers["ETag"])
        metrics = (await here.http.get("/metrics")).text
        counted = 'filmroll_http_request_seconds_count{method="GET",route="/v1/feed",status="200"} 4.0'
        assert counted in metrics
        for bad in ("limit=0", "limit=3&limit=3", "cursor=x"):
            assert (await here.http.get(f"/v1/feed?{bad}", headers=said)).status_code in (200, 400, 422)
        forged = {**said, "Authorization": said["Authorization"] + "x"}
        assert (await here.http.get("/v1/feed", params=params, headers=forged)).status_code == 401


async def asked_304(here: Inside, who: str, tag: str) -> int:
    own = {"Authorization": here.headers[who]["Authorization"], "If-None-Match": tag}
    answer = await here.http.get("/v1/feed", params={"limit": LIMIT}, headers=own)
    assert answer.headers["ETag"] == tag
    assert answer.content == b""
    return answer.status_code


async def all_items(here: Inside, who: str) -> list[dict]:
    found, cursor = [], None
    while True:
        _, _, items, cursor = await asked(here, who, cursor)
        found += items
        if cursor is None:
            return found


async def test_signed_urls_are_renewed_though_nothing_else_changed(tmp_path, given_again):
    async with inside(tmp_path / "data") as here:
        history = History(here, 1)
        await history.begin()
        assert (await here.call("ben", "PATCH", "/me", json={"private": True})).status_code == 200
        await here.level()
        real = utc_now()
        now = real + (timedelta(minutes=4) - (real - datetime.min.replace(tzinfo=UTC)) % timedelta(minutes=5))
        files = FileObjects(tmp_path / "data/objects", here.core.installation.key("files"), "http://a", now=lambda: now)

        def assemble(core):
            made = here.assemble(core)
            return replace(made, reads=replace(made.reads, now=lambda: now, files=files), now=lambda: now)

        async with replace(here, assemble=assemble).over(here.core) as other:
            tags = [(await asked(other, "ben", None))[1] for _ in range(2)]
            assert given_again["again"]
            now += timedelta(seconds=59)
            tags.append((await asked(other, "ben", None))[1])
            assert len(set(tags)) == 1
            now += timedelta(seconds=1)
            assert (await asked(other, "ben", None))[1] not in tags


def test_an_answer_ends_with_its_grounds_its_time_and_its_life():
    now = datetime.now(UTC)
    standing = Standing(lambda: now, most=4)
    stands = True
    grounds = Grounds()
    grounds.add(lambda: stands)
    made = Made((b"a",), 1, '"a"')
    standing.keep("whole", made, grounds)
    standing.keep("until", made._replace(until=now + timedelta(seconds=5)), grounds)
    assert standing.get("whole") is made
    assert standing.get("until") is not None
    now += timedelta(seconds=5)
    assert standing.get("until") is None
    stands = False
    assert standing.get("whole") is None
    stands = True
    assert standing.get("whole") is None  # what did not stand once is made anew
    standing.keep("whole", made, grounds)
    now += LIFE
    assert standing.get("whole") is None


def test_as_many_are_kept_as_may_be_and_those_asked_for_lately_stay():
    now = datetime.now(UTC)
    standing = Standing(lambda: now, most=4)
    grounds = Grounds()
    grounds.add(lambda: True)
    for number in range(20):
        standing.keep(number, Made((), 0, str(number)), grounds)
        assert standing.get(0) is not None or number == 0
    assert sum(standing.get(number) is not None for number in range(20)) <= 4


def test_what_rests_on_nothing_or_on_something_unsure_is_not_kept():
    standing = Standing(lambda: datetime.now(UTC))
    standing.keep("nothing", Made((), 0, ""), Grounds())
    with noting() as grounds:
        noted().add(lambda: True)
        doubted()
    standing.keep("unsure", Made((), 0, ""), grounds)
    assert standing.get("nothing") is None
    assert standing.get("unsure") is None
    assert not grounds.stand()
    assert noted() is None


def test_what_only_limits_an_answer_is_no_ground_to_give_it_again() -> None:
    grounds = Grounds()
    grounds.limit(lambda: True)
    assert not grounds.firm
    assert not grounds.stand()
    grounds.add(lambda: True)
    assert grounds.stand()
    grounds.limit(lambda: False)
    assert not grounds.stand()
