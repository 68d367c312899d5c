"""What trends, what is public, tags, views and lists that are walked through: each port held against each adapter."""

import random

import pytest

from domain.ids import new_id, time_of
from projections.analytics import day_of, hour_of
from projections.trending import Stirred
from tests.contracts.read_models import every_adapter

pytestmark = every_adapter


@pytest.fixture
async def shown(adapter, request):
    async with adapter(request) as made:
        made.world.live(*[("join", 0, 0, 0)] * 5)
        yield made


async def test_photos_of_a_span_come_by_what_was_made_of_them_and_go_on_behind_any_place(shown):
    world, draw = shown.world, random.Random(3)
    world.live(*[("upload", 0, 0, 0)] * 9)
    for _ in range(60):
        world.live((draw.choice(("like", "comment", "edit")), draw.randrange(5), draw.randrange(8), 1))
    await shown.level()
    made = dict.fromkeys(world.photos, 0)
    for photo, _ in world.likes:
        made[photo] += 1
    for comment in world.comments.values():
        made[comment["photo_id"]] += 2
    expected = sorted((Stirred(count, photo) for photo, count in made.items() if count), reverse=True)
    hour, day = (name(time_of(expected[0].photo_id)) for name in (hour_of, day_of))
    for span in (hour, day):
        assert (await shown.trending.top({span: None, "2001-01-01": None}, 99)) == {span: expected, "2001-01-01": []}
    for at, place in enumerate(expected):
        assert (await shown.trending.top({day: place}, 3))[day] == expected[at + 1 : at + 4]
    between = Stirred(expected[2].interest, new_id(0, time_of(expected[2].photo_id), lambda _: 4095))
    assert (await shown.trending.top({hour: between}, 99))[hour] == [each for each in expected if each < between]
    assert await shown.trending.interest(list(world.photos)) == made
    assert await shown.trending.interest([]) == {}
    world.live(*[("like", member, 0, 0) for member in range(5)])
    await shown.level()
    after = await shown.trending.interest(list(world.photos))
    top = (await shown.trending.top({day: None}, 99))[day]
    assert {each.photo_id: each.interest for each in top} == {photo: count for photo, count in after.items() if count}


async def test_public_photos_of_hours_come_newest_first(shown):
    world = shown.world
    for number in range(6):
        world.minute += 25
        world.live(("upload", number, 0, 0), ("process", number, 1, 0))
    world.live(("remove", 1, 0, 0), ("remove", 2, 0, 0), ("remove", 2, 0, 0), ("audience", 3, 1, 0))
    await shown.level()
    photos = list(world.photos)
    expected: dict[str, list[str]] = {}
    for number in (5, 4, 2, 0):
        expected.setdefault(hour_of(time_of(photos[number])), []).append(photos[number])
    assert len(expected) > 1
    assert await shown.public_photos.newest(dict.fromkeys(expected), 9) == expected
    hour = hour_of(time_of(photos[5]))
    assert (await shown.public_photos.newest({hour: photos[5]}, 9))[hour] == expected[hour][1:]
    assert (await shown.public_photos.newest({hour: None}, 1))[hour] == expected[hour][:1]


async def test_tags_page_newest_first_and_their_uses_are_counted_by_the_hour(shown):
    world = shown.world
    for number, count in enumerate((2, 1, 2, 2)):
        world.live(("upload", number, 0, count), ("process", number, 1, 0))
    world.live(("remove", 2, 0, 0), ("privacy", 3, 0, 0))
    await shown.level()
    first, second, third, fourth = world.photos
    assert await shown.tags.page("sea", before=None, limit=9) == [fourth, third, second, first]
    assert await shown.tags.page("sea", before=third, limit=1) == [second]
    assert await shown.tags.page("none", before=None, limit=9) == []
    hour = hour_of(time_of(first))
    assert await shown.tags.uses([hour, "2001-01-01T00"]) == {hour: {"sea": 2, "öl": 1}, "2001-01-01T00": {}}
    world.live(("privacy", 3, 0, 0), ("remove", 2, 0, 0), ("remove", 0, 0, 0))
    await shown.level()
    assert await shown.tags.uses([hour]) == {hour: {"sea": 3, "öl": 2}}


async def test_views_add_up_and_are_there_after_a_restart(shown):
    assert await shown.views.of(["a", "b"]) == {}
    for _ in range(3):
        await shown.views.add(["a", "b"])
    await shown.views.add(["a"])
    assert await shown.views.of(["a", "b", "c", "a"]) == {"a": 4, "b": 3}
    again = await shown.reopen_views()
    assert await again.of(["b", "a"]) == {"a": 4, "b": 3}
    await again.add(["b"])
    assert await again.of(["b"]) == {"b": 4}


async def test_of_two_who_bring_the_same_chunk_the_first_one_counts(shown):
    assert await shown.walks.kept("one", 0) is None
    assert await shown.walks.keep("one", 0, ["a", "b"]) == ["a", "b"]
    assert await shown.walks.keep("one", 0, ["c"]) == ["a", "b"]
    assert await shown.walks.keep("one", 1, []) == []
    assert await shown.walks.kept("one", 0) == ["a", "b"]
    assert await shown.walks.kept("one", 1) == []
    assert await shown.walks.kept("two", 0) is None
