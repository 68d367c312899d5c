"""Search through the front door: what is found, by whom, in which order, and on which page."""

import random

import pytest

from commands.errors import Unavailable
from projections.stores import NoLiveModelError, OutOfReachError
from tests.api.inside import Away, Inside, inside


@pytest.fixture
async def town(tmp_path):
    async with inside(tmp_path / "data") as made:
        await made.member("ana", first_name="Ana", last_name="Kovač")
        await made.member("anabel", first_name="Bela", last_name="Zver")
        await made.member("ben", first_name="Anastazija", last_name="Ban")
        yield made


async def ids(town: Inside, who: str | None, q: str, **filters) -> list[str]:
    await town.level()
    return [photo["photo_id"] for photo in (await town.get(who, "/search/photos", q=q, **filters))["items"]]


async def test_members_are_found_by_names_and_the_exact_username_comes_first(town: Inside) -> None:
    await town.level()
    for who in (None, "ben"):
        found = await town.get(who, "/search/members", q="ana")
        assert [card["username"] for card in found["items"]] == ["ana", "anabel", "ben"]
        assert found["next_cursor"] is None
    assert [c["username"] for c in (await town.get(None, "/search/members", q="kovac"))["items"]] == ["ana"]
    assert (await town.get(None, "/search/members", q="nobody"))["items"] == []


async def test_photos_are_found_with_what_they_were_found_by(town: Inside) -> None:
    dusk = await town.photo("ana", caption="Dusk by the <river>", tags=["water"], place="Maribor")
    boat = await town.photo("ben", alt_text="a boat on a river")
    await town.level()
    found = await town.get(None, "/search/photos", q="river")
    assert {photo["photo_id"]: photo["highlights"] for photo in found["items"]} == {
        dusk: {"caption": "Dusk by the &lt;<em>river</em>&gt;"},
        boat: {"alt_text": "a boat on a <em>river</em>"},
    }
    assert (found["total"], found["next_cursor"]) == (2, None)
    assert await ids(town, None, "kovac") == [dusk]
    assert await ids(town, None, "maribor") == []  # the owner doesn't show where it was
    assert await ids(town, "ana", "maribor") == [dusk]
    assert await ids(town, None, "nothing") == []


async def test_filters_narrow(town: Inside) -> None:
    here = await town.photo(
        "ana", caption="river", tags=["water"], camera=("FUJIFILM", "X-T5"), where=(46.55, 15.64), show_location=True
    )
    there = await town.photo("ben", caption="river", where=(46.05, 14.5), show_location=True)
    hidden = await town.photo("ben", caption="river", where=(46.55, 15.64))
    everything = {here, there, hidden}
    assert set(await ids(town, None, "river")) == everything
    assert await ids(town, None, "river", tag="#Water") == [here]
    assert await ids(town, None, "river", **{"from": "Ana"}) == [here]
    assert await ids(town, None, "river", **{"from": "nobody"}) == []
    assert await ids(town, None, "river", **{"from": "no body"}) == []
    assert await ids(town, None, "river", camera="x-t5 fuji") == [here]
    assert await ids(town, None, "river", near="46.55,15.64,5") == [here]
    assert await ids(town, "ben", "river", near="46.55,15.64,5") == [hidden, here]
    assert await ids(town, None, "", near="46.55,15.64,5") == [here]
    assert set(await ids(town, None, "river", near="46.5, 15, 100")) == {here, there}
    at = (await town.get(None, f"/photos/{there}"))["created_at"]
    assert set(await ids(town, None, "river", since=at)) == {there, hidden}
    assert await ids(town, None, "river", until=at, since="2020-01-01") == [here]


async def test_everyone_finds_what_they_may_see_and_is_told_of_no_more(town: Inside) -> None:
    await town.call("ben", "PUT", "/members/ana/follow")
    shown = {each: await town.photo("ana", caption="river", audience=each) for each in ("public", "friends", "private")}
    for who, seen in (("ana", {"public", "friends", "private"}), ("ben", {"public"}), (None, {"public"})):
        await town.level()
        found = await town.get(who, "/search/photos", q="river")
        assert {photo["photo_id"] for photo in found["items"]} == {shown[each] for each in seen}, who
        assert (found["total"], found["next_cursor"]) == (len(seen), None)
    await town.call("ana", "DELETE", f"/photos/{shown['public']}")
    assert (await town.get("ben", "/search/photos", q="river"))["items"] == []  # without waiting for the engine
    await town.call("ana", "PATCH", "/me", json={"private": True})
    assert await ids(town, "anabel", "river", **{"from": "ana"}) == []
    assert len(await ids(town, "ana", "river", **{"from": "ana"})) == 2


async def test_a_place_that_is_shown_no_more_is_not_told_by_a_highlight(town: Inside) -> None:
    photo = await town.photo("ana", caption="Maribor", place="Maribor", show_location=True)
    await town.level()
    ((found,), hits) = (await town.get(None, "/search/photos", q="maribor"))["items"], town.core.queries.search
    assert set(found["highlights"]) == {"caption", "place"}
    await town.call("ana", "PATCH", f"/photos/{photo}", json={"show_location": False})
    await town.level()

    class Late:
        """An engine that has not heard of it."""

        async def photos(self, *args, **more):
            seen = await hits.photos(*args, **more)
            for hit in seen.hits:
                hit.highlights["place"] = "<em>Maribor</em>"
            return seen

    async with town.without(search=Late()) as late:
        (found,) = (await late.get(None, "/search/photos", q="maribor"))["items"]
        assert set(found["highlights"]) == {"caption"}


async def test_pages_give_one_sequence_and_hide_what_is_hidden(town: Inside) -> None:
    draw = random.Random(5)
    seen = []
    for number in range(24):
        audience = draw.choice(["public", "private"])
        photo = await town.photo("ana", caption=f"river {number}", audience=audience, tags=["river"] * (number % 2))
        if audience == "public":
            seen.append(photo)
    whole = await ids(town, None, "river")
    assert sorted(whole) == sorted(seen)
    for limit in (1, 5):
        walked, cursor = [], None
        while True:
            more = {"cursor": cursor} if cursor else {}
            page = await town.get(None, "/search/photos", q="river", limit=limit, **more)
            walked += [photo["photo_id"] for photo in page["items"]]
            assert page["total"] >= len(seen)
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert walked == whole
        assert page["total"] == len(seen)


async def test_a_cursor_is_good_for_its_own_search_only(town: Inside) -> None:
    for _ in range(2):
        await town.photo("ana", caption="river", tags=["water"])
    await town.level()
    asked = {"q": "river", "tag": "water", "limit": 1}
    cursor = (await town.get(None, "/search/photos", **asked))["next_cursor"]
    assert (await town.get(None, "/search/photos", **asked, cursor=cursor))["items"]
    for other in ({"q": "rivers"}, {"tag": "x"}, {"camera": "x"}, {"since": "2026-01-01T00:00:00Z"}, {"from": "ana"}):
        answer = await town.call(None, "GET", "/search/photos", params={**asked, **other, "cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid"), other
    answer = await town.call(None, "GET", "/search/members", params={"q": "river", "cursor": cursor})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("members", {}, "q"),
        ("members", {"q": ""}, "q"),
        ("members", {"q": "x" * 201}, "q"),
        ("photos", {}, "q"),
        ("photos", {"q": "x" * 201}, "q"),
        ("photos", {"q": "x", "since": "yesterday"}, "since"),
        ("photos", {"q": "x", "until": "é"}, "until"),
        ("photos", {"q": "x", "near": "1,2"}, "near"),
        ("photos", {"q": "x", "near": "nan,2,3"}, "near"),
        ("photos", {"q": "x", "near": "91,2,3"}, "near"),
        ("photos", {"q": "x", "near": "-91,2,3"}, "near"),
        ("photos", {"q": "x", "near": "1,181,3"}, "near"),
        ("photos", {"q": "x", "near": "1,2,0"}, "near"),
        ("photos", {"q": "x", "near": "1,2,-3"}, "near"),
        ("photos", {"q": "x", "near": "1,2,99999"}, "near"),
        ("photos", {"q": "x", "tag": "x" * 66}, "tag"),
        ("photos", {"q": "x", "camera": "x" * 101}, "camera"),
    ],
)
async def test_a_search_that_makes_no_sense_is_422(town: Inside, path, query, field) -> None:
    answer = await town.call(None, "GET", f"/search/{path}", params=query)
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_no_words_are_a_fault_of_the_server(town: Inside) -> None:
    await town.photo("ana", caption="river")
    await town.level()
    for q in (
        " ",
        "\0",
        "'\"",
        "*",
        "a OR b",
        "NEAR(",
        "%",
        "é" * 200,
        "\U0001f600",
        "-",
        "x" * 200,
        "\ud800".encode("utf-8", "surrogatepass"),
    ):
        for path in ("members", "photos"):
            answer = await town.call(None, "GET", f"/search/{path}", params={"q": q, "tag": q[:60]})
            assert answer.status_code == 200, (path, q, answer.text)
    for since in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1"):
        assert (await town.call(None, "GET", "/search/photos", params={"q": "x", "since": since})).status_code == 200


@pytest.mark.parametrize("error", [Unavailable("gone"), OutOfReachError("photo_search"), NoLiveModelError("x")])
async def test_while_the_engine_is_down_only_search_is(town: Inside, error) -> None:
    photo = await town.photo("ana", caption="river")
    await town.level()
    async with town.without("photo_search", "member_search", search=Away(error)) as hurt:
        for path in ("/search/photos", "/search/members"):
            answer = await hurt.call("ben", "GET", path, params={"q": "river"})
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert int(answer.headers["Retry-After"]) >= 1
        for path in ("/feed", f"/photos/{photo}", "/members/ana", "/me"):
            assert (await hurt.call("ben", "GET", path)).status_code == 200
    async with town.without(search=Away(error)) as hurt:
        assert (await hurt.call("ben", "GET", "/search/photos", params={"q": "x"})).status_code == 503


async def test_an_answer_changes_its_tag_with_what_it_says(town: Inside) -> None:
    await town.photo("ana", caption="river boat")
    await town.level()
    tags = {
        (await town.call(None, "GET", "/search/photos", params={"q": q})).headers["ETag"]
        for q in ("river", "boat", "nothing")
    }
    assert len(tags) == 3
