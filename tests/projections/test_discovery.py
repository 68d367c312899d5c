"""Trending, explore and tags against a naive model of what they have to hold, whatever happened."""

from collections import Counter, defaultdict
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.ids import time_of
from projections.analytics import day_of, hour_of
from projections.explore import EXPLORE, PublicPhotoRow
from projections.rows import Tally
from projections.tags import TAGS, PhotoTagsRow, TaggedPhotoRow, TagUseRow
from projections.trending import TRENDING, days, hours
from tests.projections.feeding import feed_all, sqlite_models
from tests.projections.histories import World, steps
from tests.streams.memory_log import START, MemoryLog

many = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
logs = st.sampled_from([1, 4])


def public(world: World) -> set[str]:
    return {
        photo
        for photo, known in world.photos.items()
        if (known["status"], known["audience"], known["removed"]) == ("ready", "public", False)
    }


async def rows(models, model, cls) -> list:
    return list(await models.rows(model, cls, after=None, limit=9_999))


@many
@given(taken=steps, count=logs)
async def test_trending_counts_what_is_liked_and_said_under_the_photos_hour_and_day(taken, count):
    world = World(MemoryLog(count)).live(*taken)
    expected: Counter[tuple[str, str]] = Counter()
    made = [(photo, 1) for photo, _ in world.likes]
    made += [(comment["photo_id"], 2) for comment in world.comments.values()]
    for photo, by in made:
        for span in (hour_of(time_of(photo)), day_of(time_of(photo))):
            expected[span, photo] += by
    async with sqlite_models() as models:
        model = await feed_all(models, TRENDING, world.log, size=lambda: 5)
        assert {(row.subject, row.kind): row.count for row in await rows(models, model, Tally)} == expected


@many
@given(taken=steps, count=logs)
async def test_explore_holds_the_public_photos(taken, count):
    world = World(MemoryLog(count)).live(*taken)
    async with sqlite_models() as models:
        model = await feed_all(models, EXPLORE, world.log, size=lambda: 5)
        found = await rows(models, model, PublicPhotoRow)
    assert {(row.hour, row.photo_id) for row in found} == {(hour_of(time_of(each)), each) for each in public(world)}


@many
@given(taken=steps, count=logs)
async def test_tags_hold_all_photos_of_a_tag_and_its_uses_in_those_that_anyone_may_see(taken, count):
    world = World(MemoryLog(count)).live(*taken)
    tagged, uses = defaultdict(set), defaultdict(set)
    for photo, known in world.photos.items():
        if known.get("erased"):
            continue
        owner = known["owner_id"]
        listed = not (known.get("down") or world.members[owner] or owner in world.down | world.left)
        for tag in known["tags"]:
            tagged[tag].add(photo)
            if photo in public(world) and listed:
                uses[tag].add(photo)
    async with sqlite_models() as models:
        model = await feed_all(models, TAGS, world.log, size=lambda: 5)
        found = defaultdict(set)
        for row in await rows(models, model, TaggedPhotoRow):
            found[row.tag].add(row.photo_id)
        used = defaultdict(set)
        for row in await rows(models, model, TagUseRow):
            assert row.hour == hour_of(time_of(row.photo_id))
            used[row.tag].add(row.photo_id)
    assert found == tagged
    assert used == uses


UP = ("join", 0, 0, 0), ("upload", 0, 0, 2), ("process", 0, 1, 1)
DOWN, GONE, LEFT = ("moderate", 0, 0, 0), ("remove", 0, 0, 0), ("leave", 0, 1, 0)


@pytest.mark.parametrize(
    ("taken", "left"),
    [
        ((), (2, 2, 1)),
        ((DOWN,), (2, 0, 1)),
        ((DOWN, DOWN), (2, 2, 1)),
        ((("moderate", 1, 0, 0),), (2, 0, 1)),
        ((("moderate", 1, 0, 0), ("moderate", 1, 0, 0)), (2, 2, 1)),
        ((LEFT,), (2, 0, 1)),
        ((GONE, LEFT), (0, 0, 0)),
    ],
)
async def test_tags_of_what_is_taken_down_are_in_no_use_and_none_are_left_of_what_is_erased(taken, left):
    world = World(MemoryLog(1)).live(*UP, *taken)
    async with sqlite_models() as models:
        model = await feed_all(models, TAGS, world.log, size=lambda: 5)
        found = [len(await rows(models, model, cls)) for cls in (TaggedPhotoRow, TagUseRow, PhotoTagsRow)]
    assert tuple(found) == left


async def test_a_comment_that_is_taken_down_stirs_nobody_until_it_is_shown_again():
    for times, interest in ((0, 2), (1, 0), (2, 2)):
        world = World(MemoryLog(1)).live(*UP, ("comment", 0, 0, 0), *[("moderate", 2, 0, 1)] * times)
        async with sqlite_models() as models:
            model = await feed_all(models, TRENDING, world.log, size=lambda: 5)
            counts = {row.count for row in await rows(models, model, Tally)}
        assert counts - {0} == {interest} - {0}


def test_windows_are_named_by_the_hours_and_days_that_they_touch():
    start = START + timedelta(hours=22, minutes=30)
    assert hours(start, start + timedelta(hours=2)) == ["2025-03-02T00", "2025-03-01T23", "2025-03-01T22"]
    assert hours(START, START) == ["2025-03-01T00"]
    assert hours(START, START + timedelta(hours=1)) == ["2025-03-01T01", "2025-03-01T00"]
    assert days(start, start + timedelta(hours=1)) == ["2025-03-01"]
    assert days(start, start + timedelta(hours=2)) == ["2025-03-02", "2025-03-01"]
    assert len(hours(start, start + timedelta(days=7))) == 7 * 24 + 1
