"""The home feed as clients page through it: one sequence, whatever the pages, the hour, and the work that is behind."""

import math
import random
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from commands.ports import Context, Write
from domain import follows, photos
from domain.events import MemberFollowed, PhotoProcessed, PhotoUploaded
from domain.ids import new_id, slot_of, time_of
from domain.images import Rendition, Variant
from infra.core import celebrities, utc_now
from projections.timelines import INLINE
from streams.fanout import FanOut
from tests.api.inside import Inside, inside

PAGES = (1, 7, 100)


async def walk(here: Inside, who: str, limit: int, between=None, **params) -> list[str]:
    """Every photo of a feed, page by page; something may happen in between."""
    found, cursor = [], None
    while True:
        page = await here.get(who, "/feed", limit=limit, **params, **({"cursor": cursor} if cursor else {}))
        found += [photo["photo_id"] for photo in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found
        if between is not None:
            await between()


async def published(here: Inside, owner: str, age: timedelta = timedelta(), of: int = 1) -> list[str]:
    """Photos of some time ago, each a second older than the one before, straight into the event store."""
    made, writes = [], []
    for number in range(of):
        at = utc_now() - age - timedelta(seconds=number)
        photo = new_id(slot_of(owner), at)
        whose = {"at": at, "photo_id": photo, "owner_id": owner, "audience": "public"}
        uploaded = PhotoUploaded(
            **whose,
            upload_id=f"upload-{photo}",
            object_key="key",
            content_type="image/jpeg",
            size=1,
            sha256=None,
            filename="a.jpg",
            caption="",
            alt_text="",
            tags=(),
            mentions=(),
            place="",
            show_location=False,
        )
        rendition = Rendition(
            1, 40, 30, "LEHV6n", "#aabbcc", (Variant("small", "jpeg", 40, 30, 1000, "key-small.jpeg"),)
        )
        processed = PhotoProcessed(
            **whose, sha256=photo, rendition=rendition, taken_at=None, camera=None, location=None, likeness=None
        )
        writes.append(Write(photos.stream(photo), 0, (uploaded, processed)))
        made.append(photo)
    recorded = await here.core.store.append(writes, Context())
    await here.core.deps.immediate.apply(recorded)
    return made


async def followed(here: Inside, owner: str, followers: list[str]) -> None:
    writes = [
        Write(
            follows.stream(owner, follower),
            0,
            (MemberFollowed(at=utc_now(), follower_id=follower, followed_id=owner),),
        )
        for follower in followers
    ]
    await here.core.deps.immediate.apply(await here.core.store.append(writes, Context()))


@asynccontextmanager
async def other_settings(here: Inside, **said):
    core = here.core
    async with here.over(replace(core, settings=core.settings.model_copy(update=said))) as other:
        yield other


async def test_past_the_stored_window_a_feed_goes_on_without_end_hole_or_repeat(tmp_path):
    async with inside(tmp_path / "data") as here:
        authors = [await here.member(name) for name in ("ana", "ben", "cyn")]
        me = await here.member("eve")
        ages = [timedelta(days=days) for days in (0, 3, 20, 89, 93, 130, 400, 600)]
        made = []
        for age in ages[2:]:
            made += await published(here, authors[0], age, of=3)
        for name in ("ana", "ben"):
            await here.call("eve", "PUT", f"/members/{name}/follow")
        for age in ages:
            for owner in (*authors, me):
                made += [(owner, photo) for photo in await published(here, owner, age)]
        await here.level()
        of = dict((each if isinstance(each, tuple) else (authors[0], each))[::-1] for each in made)
        expected = sorted((photo for photo, owner in of.items() if owner != authors[2]), reverse=True)
        for days in (90, 20, 1, 0):
            async with other_settings(here, timeline_days=days) as there:
                for limit in PAGES:
                    assert await walk(there, "eve", limit) == expected, (days, limit)


async def test_a_feed_of_many_followers_is_whole_before_the_fan_out_and_the_same_after_it(tmp_path):
    async with inside(tmp_path / "data") as here:
        owner = await here.member("ana")
        others = [new_id(number, utc_now()) for number in range(3 * INLINE)]
        await followed(here, owner, others)
        for name in ("eve", "fay"):
            await here.member(name)
            await here.call(name, "PUT", "/members/ana/follow")
        made = await published(here, owner, of=3)
        await here.level()
        chunks = here.core.queries.chunks
        assert await chunks.hot(), "nobody has done the work yet"
        assert not await here.core.queries.timelines.page(others[0], before=None, limit=9)
        for limit in PAGES:
            assert await walk(here, "eve", limit) == made
        await FanOut(chunks).drain()
        assert not await chunks.hot()
        for member in others:
            rows = await here.core.queries.timelines.page(member, before=None, limit=9)
            assert [row.photo_id for row in rows] == made
        for limit in PAGES:
            assert await walk(here, "fay", limit) == made


async def test_a_fresh_follow_of_somebody_with_many_photos_shows_all_of_them_at_once(tmp_path):
    async with inside(tmp_path / "data") as here:
        owner = await here.member("ana")
        made = await published(here, owner, of=INLINE + 20)
        await here.member("eve")
        await here.call("eve", "PUT", "/members/ana/follow")
        await here.level()
        assert await here.core.queries.chunks.hot()
        assert await walk(here, "eve", 100) == made
        await FanOut(here.core.queries.chunks).drain()
        assert await here.core.queries.timelines.hot() == frozenset()
        assert await walk(here, "eve", 100) == made
        await here.call("eve", "DELETE", "/members/ana/follow")
        assert await walk(here, "eve", 100) == []


async def test_an_author_becomes_a_celebrity_and_ceases_to_be_one_with_a_margin(tmp_path):
    async with inside(tmp_path / "data", celebrity_up=3, celebrity_down=2) as here:
        core = here.core
        reviews = celebrities(core)
        owner = await here.member("ana")
        names = [f"fan{number}" for number in range(4)]
        for name in names:
            await here.member(name)

        async def reviewed() -> frozenset[str]:
            await here.level()
            reviews.noted([owner])
            await reviews.look()
            await here.level()
            return await core.queries.timelines.celebrities()

        seen = []
        photo = []
        for name in names[:3]:
            await here.call(name, "PUT", "/members/ana/follow")
            seen.append(owner in await reviewed())
            photo = await published(here, owner) + photo
        assert seen == [False, False, True]
        await here.level()
        rows = await core.queries.timelines.page(await id_of(here, "fan0"), before=None, limit=9)
        assert [row.photo_id for row in rows] == photo[1:], "a celebrity's photos are not fanned out"
        assert await walk(here, "fan0", 1) == photo, "but read"
        await here.call(names[3], "PUT", "/members/ana/follow")
        assert await walk(here, "fan3", 7) == photo
        for name, expected in zip(names[:3], (True, True, False), strict=True):
            await here.call(name, "DELETE", "/members/ana/follow")
            assert (owner in await reviewed()) is expected
        assert await walk(here, "fan3", 7) == photo, "hot until filled in"
        await FanOut(core.queries.chunks).drain()
        assert await core.queries.timelines.hot() == frozenset()
        rows = await core.queries.timelines.page(await id_of(here, "fan3"), before=None, limit=9)
        assert [row.photo_id for row in rows] == photo
        assert await walk(here, "fan3", 7) == photo


async def id_of(here: Inside, name: str) -> str:
    return (await here.get(name, f"/members/{name}"))["member_id"]


class Ranking:
    """The formula of the contract, worked out from what was done."""

    def __init__(self):
        self.likes, self.comments, self.of, self.given = {}, {}, {}, {}

    def order(self, now):
        def weight(photo):
            age = (now - time_of(photo)).total_seconds() / 3600
            likes, comments = self.given.get(self.of[photo], (0, 0))
            touched = 1 + self.likes.get(photo, 0) + 2 * self.comments.get(photo, 0)
            return touched * 2 ** (-age / 24) * (1 + math.log(1 + likes + 2 * comments)), photo

        return sorted(self.of, key=weight, reverse=True)


async def test_ranked_is_the_formula_of_the_contract_and_frozen_under_its_cursor(tmp_path):
    draw = random.Random(7)
    async with inside(tmp_path / "data") as here:
        names = ("ana", "ben", "cyn")
        ids = {name: await here.member(name) for name in names}
        me = await here.member("eve")
        stranger = await here.member("zed")
        naive = Ranking()
        for name in names:
            await here.call("eve", "PUT", f"/members/{name}/follow")
        for age in range(9):
            for owner in (*ids.values(), me):
                (photo,) = await published(here, owner, timedelta(days=age, minutes=draw.randrange(600)))
                if time_of(photo) > utc_now() - timedelta(days=7):
                    naive.of[photo] = owner
        await published(here, stranger)
        await here.level()
        known = list(naive.of)

        async def touch() -> None:
            photo, who = draw.choice(known), draw.choice((*names, "eve"))
            assert (await here.call(who, "PUT", f"/photos/{photo}/like")).is_success
            said = await here.call(who, "POST", f"/photos/{draw.choice(known)}/comments", json={"text": "Hm"})
            assert said.status_code == 201, said.text

        for photo in draw.sample(known, 12):
            for who in draw.sample((*names, "eve"), draw.randint(1, 4)):
                await here.call(who, "PUT", f"/photos/{photo}/like")
                naive.likes[photo] = naive.likes.get(photo, 0) + 1
                if who == "eve" and naive.of[photo] != me:
                    likes, comments = naive.given.get(naive.of[photo], (0, 0))
                    naive.given[naive.of[photo]] = (likes + 1, comments)
        for photo in draw.sample(known, 6):
            await here.call("eve", "POST", f"/photos/{photo}/comments", json={"text": "Oh"})
            naive.comments[photo] = naive.comments.get(photo, 0) + 1
            if naive.of[photo] != me:
                likes, comments = naive.given.get(naive.of[photo], (0, 0))
                naive.given[naive.of[photo]] = (likes, comments + 1)
        await here.level()
        expected = naive.order(utc_now())
        for limit in (100, 7):
            assert await walk(here, "eve", limit, order="ranked") == expected
        assert await walk(here, "eve", 1, between=touch, order="ranked") == expected, "while likes pour in"
        assert await walk(here, "eve", 100, order="ranked") != expected
        page = await here.get("eve", "/feed", order="ranked", limit=3)
        refused = await here.call("ana", "GET", "/feed", params={"order": "ranked", "cursor": page["next_cursor"]})
        assert (refused.status_code, refused.json()["code"]) == (400, "cursor_invalid")
        await here.call("eve", "DELETE", "/members/ana/follow")
        rest = await walk(here, "eve", 100, order="ranked", cursor=page["next_cursor"])
        assert not [photo for photo in rest if naive.of[photo] == ids["ana"]]


async def test_ranked_holds_the_newest_five_hundred(tmp_path):
    async with inside(tmp_path / "data") as here:
        owner = await here.member("ana")
        await here.member("eve")
        await here.call("eve", "PUT", "/members/ana/follow")
        made = await published(here, owner, timedelta(hours=1), of=510)
        await here.level()
        (gone,) = made[:1]
        assert (await here.call("ana", "DELETE", f"/photos/{gone}")).status_code == 204
        assert await walk(here, "eve", 100, order="ranked") == made[1:501]


async def test_somebody_who_follows_nobody_gets_what_trends(tmp_path):
    async with inside(tmp_path / "data") as here:
        owner = await here.member("ana")
        await here.member("ben")
        await here.member("eve")
        first, second, third = await published(here, owner, of=3)
        for who, photo in (("ben", third), ("eve", third), ("ben", second)):
            assert (await here.call(who, "PUT", f"/photos/{photo}/like")).status_code == 200
        trending = [photo["photo_id"] for photo in (await here.get("ben", "/trending"))["items"]]
        assert trending == [third, second, first]
        for limit in PAGES:
            assert await walk(here, "ben", limit, order="ranked") == trending
        assert await walk(here, "ben", 7) == [], "which is no part of the latest"
        page = await here.get("ben", "/feed", order="ranked", limit=1)
        assert (await here.call("ana", "DELETE", f"/photos/{second}")).status_code == 204
        assert await walk(here, "ben", 7, order="ranked", cursor=page["next_cursor"]) == [first]
        await here.call("ben", "PUT", "/members/eve/follow")
        assert await walk(here, "ben", 7, order="ranked") == []
