"""A server that starts fills its caches with what is asked for most, within bounds, and whatever is down."""

from dataclasses import replace
from datetime import timedelta

import pytest

from api.reads.home import Order, skeleton
from api.showing.photos import hydrate
from infra.core import Core, utc_now
from infra.embedded import open_core
from infra.files.objects import FileObjects
from infra.settings import Settings
from infra.warming import latest, warm, warmed
from tests.api.inside import Away, inside


@pytest.fixture
async def data(tmp_path):
    """An installation in which Ben follows Ana, who has photos; Cid did something before both, Dan after them."""
    async with inside(tmp_path / "data") as made:
        ids = {name: await made.member(name) for name in ("cid", "ana", "ben")}
        await made.call("ben", "PUT", "/members/ana/follow")
        ids["photos"] = {await made.photo("ana") for _ in range(3)}
        ids["dan"] = await made.member("dan")
        await made.level()
    return tmp_path / "data", ids


def reads_of(core: Core):
    files = FileObjects(core.settings.data / "objects", core.installation.key("files"), "http://inside", now=utc_now)
    return core.queries.reads(files, timedelta(days=90))


def missed(core: Core) -> float:
    (family,) = core.queries.hits.collect()
    return sum(each.value for each in family.samples if each.labels["outcome"] == "missed")


async def first_page(core: Core, member: str) -> set[str]:
    places = await skeleton(reads_of(core), member, Order.LATEST, None, 51)
    known = await hydrate(reads_of(core), member, [place.photo_id for place in places])
    return {place.photo_id for place in places if known.visible(place.photo_id)}


async def test_after_it_nothing_of_a_first_page_has_to_be_looked_for(data) -> None:
    folder, ids = data
    async with open_core(Settings(data=folder), create=False) as core:
        assert (
            await warm(reads_of(core), core.store, seconds=60) >= 2 + 4
        )  # two boards, and everybody who did something
        before = missed(core)
        assert await first_page(core, ids["ben"]) == ids["photos"]
        assert missed(core) == before
    async with open_core(Settings(data=folder), create=False) as core:
        before = missed(core)
        assert await first_page(core, ids["ben"]) == ids["photos"]
        assert missed(core) > before


async def test_who_did_something_last_comes_first(data) -> None:
    folder, ids = data
    async with open_core(Settings(data=folder), create=False) as core:
        everybody = await latest(core.store, 10)
        assert set(everybody) == {ids[name] for name in ("ana", "ben", "cid", "dan")}
        assert (everybody[0], everybody[-1]) == (ids["dan"], ids["cid"])
        assert await latest(core.store, 2) == everybody[:2]


async def test_it_ends_with_its_time(data) -> None:
    folder, _ = data
    async with open_core(Settings(data=folder), create=False) as core:
        assert await warm(reads_of(core), core.store, seconds=0) == 0


async def test_the_setting_turns_it_off(data) -> None:
    folder, ids = data
    for seconds, at_hand in ((0, False), (60, True)):
        async with open_core(Settings(data=folder, warm_s=seconds), create=False) as core:
            await warmed(core, FileObjects(folder / "objects", b"key", "http://inside", now=utc_now))
            before = missed(core)
            await first_page(core, ids["ben"])
            assert (missed(core) == before) is at_hand


async def test_what_is_down_ends_it_and_nothing_else(data) -> None:
    folder, ids = data
    async with open_core(Settings(data=folder), create=False) as core:
        hurt = replace(reads_of(core), trending=Away())
        assert await warm(hurt, core.store, seconds=60) == 0
        hurt = replace(reads_of(core), timelines=Away())
        assert await warm(hurt, core.store, seconds=60) == 2
        assert await first_page(core, ids["ben"]) == ids["photos"]
