"""What every search engine must find, in which order, whichever it is."""

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from projections.search import Near, PhotoFilters
from tests.contracts.searching import ENGINES, Town

ANY = PhotoFilters()


@pytest.fixture(params=ENGINES)
async def town(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Town]:
    async with request.param(tmp_path, request) as made:
        await made.open()
        yield made


async def photos(town: Town, query: str, filters: PhotoFilters = ANY) -> list[str]:
    await town.level()
    found = await town.search.photos(query, filters, after=None, limit=100)
    assert found.total == len(found.hits)
    return [hit.id for hit in found.hits]


async def members(town: Town, query: str) -> list[str]:
    await town.level()
    found = await town.search.members(query, after=None, limit=100)
    assert found.total == len(found.hits)
    return [hit.id for hit in found.hits]


async def test_the_exact_username_comes_first_then_its_beginning_then_names_then_slips(town: Town) -> None:
    slip = town.member("zed", "Anba")
    word = town.member("other", "Anna", "Berg")
    longer = town.member("anna.b", "X")
    exact = town.member("anna")
    town.member("unrelated", "Bob")
    assert await members(town, "anna") == [exact, longer, word, slip]
    assert await members(town, "@Anna ") == [exact, longer, word, slip]


async def test_members_are_found_by_beginnings_and_in_spite_of_slips(town: Town) -> None:
    ana = town.member("traveller_77", "Katarzyna", "Kowalska")
    for query in ("kat", "Katarz kow", "katazryna", "kowalsky", "katarzina kovalska", "trav", "77", "KATARZYNA"):
        assert await members(town, query) == [ana], query
    for query in ("katbring", "kat bob", "xatarzyna", "kwlsk", "", "!!!"):
        assert await members(town, query) == [], query


async def test_photos_are_found_by_what_a_model_saw_in_them_the_last_time(town: Town) -> None:
    ana = town.member("ana")
    photo, other = town.photo(ana, "Summer"), town.photo(ana, "A fishing boat")
    town.label(ana, photo, "fishing boat", "Lighthouse", "Lighthouse")
    assert await photos(town, "fishing boat") == [other, photo]
    assert await photos(town, "summer lighthous") == [photo]
    town.describe(ana, photo, "Winter")
    assert await photos(town, "winter lighthouse") == [photo]
    town.label(ana, photo, "cliff")
    assert await photos(town, "lighthouse") == []
    assert await photos(town, "cliff") == [photo]


async def test_accents_and_case_make_no_difference(town: Town) -> None:
    ana = town.member("u.one", "Łucja", "Åström")
    photo = town.photo(ana, "Straße in São Paulo, ÉTÉ 2025")
    assert await members(town, "lucja astrom") == [ana]
    assert await members(town, "ŁUCJA") == [ana]
    for query in ("strasse", "sao paulo", "été", "ete", "Sa\u0303o"):
        assert await photos(town, query) == [photo], query


async def test_a_changed_profile_is_found_by_its_new_names_only(town: Town) -> None:
    ana = town.member("ana", "Anastasia")
    photo = town.photo(ana, "harbour")
    assert await members(town, "anastasia") == [ana]
    assert await photos(town, "anastasia harbour") == [photo]
    town.rename(ana, "Beatrix", "Potter")
    assert await members(town, "anastasia") == []
    assert await members(town, "potter beatrix") == [ana]
    assert await photos(town, "anastasia") == []
    assert await photos(town, "harb beatr") == [photo]


async def test_photos_are_found_by_all_their_texts(town: Town) -> None:
    ana = town.member("ana", "Ana", "Silva")
    photo = town.photo(ana, "Sunset over the bay", tags=("golden_hour", "sea"), alt="A red boat", place="Lisbon")
    town.photo(town.member("bob"), "Breakfast")
    for query in ("sunset", "bay sea", "golden", "hour", "boat lisbon", "silva sunset", "ana", "sunste", "lisb red"):
        assert await photos(town, query) == [photo], query
    assert await photos(town, "sunset breakfast") == []


async def test_whole_tags_rank_over_words_words_over_beginnings_and_those_over_slips(town: Town) -> None:
    ana = town.member("owner")
    slip = town.photo(ana, "a beech")
    start = town.photo(ana, "beachfront")
    tag = town.photo(ana, tags=("beach",))
    early, late = town.photo(ana, "on the beach"), town.photo(ana, alt="beach")
    assert await photos(town, "beach") == [tag, late, early, start, slip]


async def test_filters_narrow_and_need_no_words(town: Town) -> None:
    ana, bob = town.member("ana"), town.member("bob")
    one = town.photo(ana, "sea", tags=("été", "blue"), camera=("FUJIFILM", "X100V"))
    began = town.at
    two = town.photo(bob, "sea", tags=("blue_sky",), camera=("Canon", "EOS R6"))
    assert await photos(town, "", PhotoFilters(tag="blue")) == [one]
    assert await photos(town, "sea", PhotoFilters(tag="été")) == [one]
    assert await photos(town, "", PhotoFilters(owner_id=bob)) == [two]
    assert await photos(town, "sea", PhotoFilters(since=town.at)) == [two]
    assert await photos(town, "sea", PhotoFilters(until=town.at)) == [one]
    assert await photos(town, "", PhotoFilters(since=began, until=town.at + timedelta(seconds=1))) == [two, one]
    assert await photos(town, "", PhotoFilters(camera="fujifilm x100")) == [one]
    assert await photos(town, "", PhotoFilters(camera="canon x100")) == []
    assert await photos(town, "", PhotoFilters(camera="…")) == []
    assert await photos(town, "", ANY) == [two, one]
    assert await photos(town, "…", PhotoFilters(owner_id=ana)) == [one]


async def test_near_goes_by_the_distance_and_only_where_the_place_is_shown(town: Town) -> None:
    ana = town.member("ana")
    lisbon = town.photo(ana, where=(38.7223, -9.1393), place="Lisboa")
    sintra = town.photo(ana, where=(38.8029, -9.3817))
    hidden = town.photo(ana, where=(38.7223, -9.1393), place="Secretville", shown=False)
    dateline = town.photo(ana, where=(-17.0, 179.99))
    town.photo(ana)
    assert await photos(town, "", PhotoFilters(near=Near(38.72, -9.14, 5))) == [lisbon]
    assert await photos(town, "", PhotoFilters(near=Near(38.72, -9.14, 30))) == [sintra, lisbon]
    assert await photos(town, "", PhotoFilters(near=Near(38.7223, -9.1393, 22.8))) == [lisbon]
    assert await photos(town, "", PhotoFilters(near=Near(-17.0, -179.99, 3))) == [dateline]
    assert await photos(town, "secretville") == []
    town.describe(ana, hidden, "", shown=True)
    assert await photos(town, "secretville") == [hidden]
    assert await photos(town, "", PhotoFilters(near=Near(38.72, -9.14, 5))) == [hidden, lisbon]
    town.describe(ana, hidden, "", shown=False)
    bob = town.member("bob")
    for viewer, seen in ((ana, [hidden]), (bob, []), (None, [])):
        assert await photos(town, "secretv", PhotoFilters(viewer=viewer)) == seen
        own = PhotoFilters(near=Near(38.72, -9.14, 5), viewer=viewer)
        assert await photos(town, "", own) == [*seen, lisbon]
    (hit,) = (await town.search.photos("secretville", PhotoFilters(viewer=ana), after=None, limit=9)).hits
    assert hit.highlights == {"place": "<em>Secretville</em>"}
    assert await photos(town, "secretville") == []
    assert await photos(town, "", PhotoFilters(near=Near(38.72, -9.14, 5))) == [lisbon]


async def test_removed_photos_go_and_come_back_and_rejected_ones_stay_away(town: Town) -> None:
    ana = town.member("ana")
    photo, bad = town.photo(ana, "harbour"), town.photo(ana, "harbour wall")
    town.remove(ana, photo)
    town.reject(ana, bad)
    assert await photos(town, "harbour") == []
    town.remove(ana, photo, back=True)
    town.describe(ana, bad, "harbour again")
    assert await photos(town, "harbour") == [photo]


async def test_new_words_replace_the_old(town: Town) -> None:
    ana = town.member("ana")
    photo = town.photo(ana, "harbour", tags=("sea",))
    assert await photos(town, "harbour sea") == [photo]
    town.describe(ana, photo, "mountain", tags=("snow",))
    assert await photos(town, "harbour") == await photos(town, "sea") == []
    assert await photos(town, "mountain snow") == [photo]


async def test_texts_without_spaces_are_found_within(town: Town) -> None:
    ana = town.member("ana")
    photo = town.photo(ana, "東京タワーの夜景")
    assert await photos(town, "東京") == await photos(town, "タワー") == await photos(town, "夜景") == [photo]
    assert await photos(town, "大阪") == []


async def test_highlights_mark_what_was_found_and_are_safe(town: Town) -> None:
    ana = town.member("ana_b", "Ana <b>", "Berg")
    town.photo(ana, "Café & <script>alert(1)</script> cafeteria", tags=("café",), place="Cafetown", shown=False)
    await town.level()
    (hit,) = (await town.search.photos("cafe alrt", ANY, after=None, limit=9)).hits
    assert hit.highlights == {
        "caption": "<em>Café</em> &amp; &lt;script&gt;<em>alert</em>(1)&lt;/script&gt; <em>cafeteria</em>",
        "tags": "<em>café</em>",
    }
    (hit,) = (await town.search.members("ana", after=None, limit=9)).hits
    assert hit.highlights == {"username": "<em>ana</em>_b", "first_name": "<em>Ana</em> &lt;b&gt;"}


async def test_pages_neither_repeat_nor_skip_while_documents_come_and_go(town: Town) -> None:
    draw = random.Random(5)
    ana = town.member("ana")
    texts = ("beach", "beachfront", "beech", "a beach", "beaches beach")
    staying = [town.photo(ana, draw.choice(texts), tags=("beach",) * draw.randint(0, 1)) for _ in range(40)]
    going = [town.photo(ana, draw.choice(texts)) for _ in range(10)]
    await town.level()
    seen, after = [], None
    while True:
        page = await town.search.photos("beach", ANY, after=after, limit=7)
        if not page.hits:
            break
        assert page.total >= 40
        seen += page.hits
        after = page.hits[-1].place
        town.photo(ana, draw.choice(texts))
        if going:
            town.remove(ana, going.pop())
        await town.level()
    ids = [hit.id for hit in seen]
    assert len(ids) == len(set(ids))
    assert set(staying) <= set(ids)
    order = [(hit.rank, hit.id) for hit in seen]
    assert order == sorted(order, reverse=True)


async def test_pages_of_members_go_through_equals_by_age(town: Town) -> None:
    joined = [town.member(f"twin{number}", "Max") for number in range(9)]
    await town.level()
    seen, after = [], None
    while page := (await town.search.members("max", after=after, limit=2)).hits:
        seen += [hit.id for hit in page]
        after = page[-1].place
    assert seen == joined


@pytest.mark.parametrize(
    "query",
    ['"', "a OR b", "words:x", "*", "(", "NEAR(a b)", "\0", "x" * 5000, "a " * 500, "%_\\", "\ud800", "🎞", "東" * 5000],
)
async def test_no_query_breaks_it(town: Town, query: str) -> None:
    ana = town.member("ana", "Ana")
    town.photo(ana, "OR NEAR words a b")
    await photos(town, query)
    await members(town, query)
    await photos(town, "", PhotoFilters(tag=query, camera=query))
