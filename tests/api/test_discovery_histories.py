"""Trending, explore and tags against naive models: after random histories, with read models behind, in pages."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api import boards
from api.reads import explore, tags
from projections.visibility import VISIBILITY
from tests.api.discovering import Plaza, plaza
from tests.projections.histories import REACTIONS, steps

few = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
WINDOWS = {"1h": timedelta(hours=1), "24h": timedelta(days=1), "7d": timedelta(days=7)}
reactions = st.lists(st.tuples(st.sampled_from(REACTIONS), *[st.integers(0, 60)] * 3), min_size=1, max_size=12)


@pytest.fixture(autouse=True)
def _made_anew(monkeypatch):
    """Boards are made for every read, small ones, so that they are deepened and continued."""
    monkeypatch.setattr(boards, "_ROWS", 3)
    monkeypatch.setattr(boards, "KEPT_S", 0.0)
    monkeypatch.setattr(tags, "KEPT_S", 0.0)
    monkeypatch.setattr(explore, "CHUNK", 5)


def settle(made: Plaza, taken, *, photos: int = 14) -> None:
    """Members, and public photos of theirs that came over two days; then whatever happens."""
    world = made.world
    world.live(*[("join", 0, 0, 0)] * 5)
    for number in range(photos):
        world.minute += 211
        world.live(("upload", number * number % 5, 0, number), ("process", number, 1, 1))
    world.live(*taken)


@few
@given(taken=steps)
async def test_every_viewer_gets_what_the_naive_rules_give(taken):
    async with plaza() as made:
        settle(made, taken)
        await made.level()
        for who in (None, next(iter(made.world.members))):
            for window, length in WINDOWS.items():
                found = await made.get(who, "/trending", window=window)
                assert [photo["photo_id"] for photo in found["items"]] == made.trending(who, length), (who, window)
            for limit in (5, 50):
                pages = [page async for page in made.pages(who, "/explore", limit=limit)]
                assert pages == made.explored_pages(who, limit), (who, limit)


@few
@given(taken=steps, later=steps)
async def test_what_restricts_acts_at_once_while_all_else_is_behind(taken, later):
    async with plaza() as made:
        settle(made, taken)
        await made.level()
        made.world.live(*later)
        await made.level(VISIBILITY)
        for who in (None, next(iter(made.world.members))):
            found = await made.get(who, "/trending", window="7d")
            allowed = set(made.public(who, timedelta(days=7)))
            assert {photo["photo_id"] for photo in found["items"]} <= allowed
            explored = {photo async for page in made.pages(who, "/explore") for photo in page}
            assert explored <= set(made.explored(who))
            for item in (await made.get(who, "/tags/trending"))["items"]:
                seen = {photo async for page in made.pages(who, f"/tags/{item['tag']}") for photo in page}
                assert seen & allowed, item


@few
@given(likes=st.lists(reactions, min_size=4, max_size=12), limit=st.sampled_from([1, 3, 7]), own=st.booleans())
async def test_a_walk_through_explore_has_no_repeat_and_no_hole_while_likes_pour_in(likes, limit, own):
    async with plaza() as made:
        settle(made, (), photos=26)
        who = list(made.world.members)[2] if own else None
        await made.level()
        pouring, seen = iter(likes), []
        async for page in made.pages(who, "/explore", limit=limit):
            owners = [made.world.photos[photo]["owner_id"] for photo in page]
            assert all(owners.count(owner) <= 3 for owner in owners)
            assert len(page) <= limit
            seen += page
            made.world.live(*next(pouring, ()))
            await made.level()
        assert len(seen) == len(set(seen))
        assert set(seen) == set(made.explored(who))


@few
@given(taken=steps)
async def test_tags_are_in_the_order_of_their_use(taken):
    async with plaza() as made:
        settle(made, taken)
        await made.level()
        photos = {photo: known["tags"] for photo, known in made.world.photos.items()}
        seen_by_anyone = made.public(None, timedelta(days=7))
        uses: dict[str, int] = {}
        for photo in seen_by_anyone:
            for tag in photos[photo]:
                uses[tag] = uses.get(tag, 0) + 1
        expected = [
            {"tag": tag, "photos": count} for tag, count in sorted(uses.items(), key=lambda use: (-use[1], use[0]))
        ]
        assert (await made.get(None, "/tags/trending"))["items"] == expected
        for tag in uses:
            shown = [photo async for page in made.pages(None, f"/tags/{tag}", limit=2) for photo in page]
            assert shown == [photo for photo in reversed(photos) if tag in photos[photo] and photo in seen_by_anyone]
