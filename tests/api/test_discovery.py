"""Trending, explore, tags and views through the front door."""

import pytest

from tests.api.inside import Inside, inside


@pytest.fixture
async def town(tmp_path):
    async with inside(tmp_path / "data") as made:
        for name in ("ana", "ben", "cid"):
            await made.member(name)
        yield made


async def listed(town: Inside, who: str | None, path: str, **asked) -> list[str]:
    await town.level()
    return [photo["photo_id"] for photo in (await town.get(who, path, **asked))["items"]]


async def like(town: Inside, photo: str, *who: str) -> None:
    for each in who:
        assert (await town.call(each, "PUT", f"/photos/{photo}/like")).status_code == 200


async def comment(town: Inside, photo: str, who: str) -> None:
    assert (await town.call(who, "POST", f"/photos/{photo}/comments", json={"text": "Hm"})).status_code == 201


async def test_trending_goes_by_likes_and_comments_then_by_newest(town: Inside) -> None:
    quiet, liked, talked, newest = [await town.photo(who) for who in ("ana", "ben", "cid", "ana")]
    await like(town, liked, "ana", "cid")
    await comment(town, talked, "ana")
    for window in ("1h", "24h", "7d"):
        assert await listed(town, None, "/trending", window=window) == [talked, liked, newest, quiet]
    await like(town, quiet, "ana", "ben", "cid")
    assert (await listed(town, "ben", "/trending"))[0] == quiet
    assert (await town.call(None, "GET", "/trending", params={"window": "2h"})).status_code == 422


async def test_trending_has_three_of_an_author_and_what_restricts_acts_at_once(town: Inside) -> None:
    own = [await town.photo("ana") for _ in range(5)]
    other = await town.photo("ben")
    await like(town, own[0], "ben")
    assert await listed(town, None, "/trending") == [own[0], other, own[4], own[3]]
    await town.call("ana", "DELETE", f"/photos/{own[0]}")
    assert await listed(town, None, "/trending") == [other, own[4], own[3], own[2]]
    await town.call("ana", "PATCH", f"/photos/{own[4]}", json={"audience": "friends"})
    assert own[4] not in [photo["photo_id"] for photo in (await town.get("ana", "/trending"))["items"]]
    await town.call("ana", "PATCH", "/me", json={"private": True})
    for path in ("/trending", "/explore"):
        assert [photo["photo_id"] for photo in (await town.get("ben", path))["items"]] in ([other], [])
    assert set(await listed(town, "ana", "/trending")) == {other, own[3], own[2], own[1]}


async def test_the_ranked_feed_of_one_who_follows_nobody_is_what_trends(town: Inside) -> None:
    photos = [await town.photo(who) for who in ("ana", "ben", "ana")]
    await town.photo("ben", audience="friends")
    await like(town, photos[0], "ben", "cid")
    trending = [photos[0], photos[2], photos[1]]
    assert await listed(town, "cid", "/feed", order="ranked") == trending
    assert await listed(town, "cid", "/feed") == []
    first = await town.get("cid", "/feed", order="ranked", limit=2)
    await like(town, photos[1], "ana", "ben", "cid")
    second = await town.get("cid", "/feed", order="ranked", limit=2, cursor=first["next_cursor"])
    seen = [photo["photo_id"] for page in (first, second) for photo in page["items"]]
    assert (seen, second["next_cursor"]) == (trending, None)
    await town.call("cid", "PUT", "/members/ben/follow")
    assert await listed(town, "cid", "/feed", order="ranked") == [photos[1]]


async def test_pages_of_trending_are_of_one_order_however_much_is_liked(town: Inside) -> None:
    photos = [await town.photo(who) for who in ("ana", "ben", "cid")]
    await town.level()
    seen, cursor = [], None
    for last in photos:
        page = await town.get("ben", "/trending", limit=1, **({"cursor": cursor} if cursor else {}))
        seen += [photo["photo_id"] for photo in page["items"]]
        cursor = page["next_cursor"]
        await like(town, last, "ana")
    assert (seen, cursor) == (photos[::-1], None)


async def test_explore_shows_strangers_three_of_each_a_page_and_the_others_later(town: Inside) -> None:
    many = [await town.photo("ana") for _ in range(5)]
    other = await town.photo("ben")
    own = await town.photo("cid")
    await town.level()
    first = await town.get("cid", "/explore", limit=4)
    assert [photo["photo_id"] for photo in first["items"]] == [other, *many[:1:-1]]
    await like(town, many[0], "ben", "cid")
    await like(town, other, "ben")
    second = await town.get("cid", "/explore", limit=4, cursor=first["next_cursor"])
    assert [photo["photo_id"] for photo in second["items"]] == [many[1], many[0]]
    assert second["next_cursor"] is None
    assert own in await listed(town, None, "/explore")
    await town.call("cid", "PUT", "/members/ana/follow")
    assert await listed(town, "cid", "/explore") == [other]


async def test_photos_of_a_tag_come_newest_first_to_those_who_may_see_them(town: Inside) -> None:
    sea = await town.photo("ana", tags=["Sea", "blue"])
    hidden = await town.photo("ana", tags=["sea"], audience="private")
    later = await town.photo("ben", caption="at #sea")
    for tag in ("sea", "SEA", "%23Sea"):
        assert await listed(town, None, f"/tags/{tag}") == [later, sea]
    assert await listed(town, "ana", "/tags/sea") == [later, hidden, sea]
    assert await listed(town, None, "/tags/nothing") == []
    await town.call("ana", "PATCH", f"/photos/{sea}", json={"tags": ["blue"]})
    assert await listed(town, None, "/tags/sea") == [later]
    await town.call("ben", "DELETE", f"/photos/{later}")
    assert (await town.get(None, "/tags/sea"))["items"] == []
    assert (await town.call(None, "GET", "/tags/a%20b")).status_code == 422


async def test_tags_trend_by_their_use_in_photos_that_one_may_see(town: Inside) -> None:
    await town.photo("ana", tags=["sea", "blue"])
    await town.photo("ben", tags=["sea", "red"])
    secret = await town.photo("cid", tags=["secret"], audience="private")
    await town.level()
    found = await town.get("ana", "/tags/trending")
    assert found["items"] == [{"tag": tag, "photos": count} for tag, count in (("sea", 2), ("blue", 1), ("red", 1))]
    await town.call("cid", "PATCH", f"/photos/{secret}", json={"audience": "public"})
    await town.level()
    first = await town.get("ana", "/tags/trending", limit=3)
    assert [item["tag"] for item in first["items"]] == ["sea", "blue", "red"]
    second = await town.get("ana", "/tags/trending", limit=3, cursor=first["next_cursor"])
    assert ([item["tag"] for item in second["items"]], second["next_cursor"]) == (["secret"], None)
    await town.call("cid", "PATCH", "/me", json={"private": True})
    assert "secret" not in [item["tag"] for item in (await town.get("ana", "/tags/trending"))["items"]]


async def test_views_count_for_photos_that_the_viewer_may_see(town: Inside) -> None:
    seen, hidden = await town.photo("ana"), await town.photo("ana", audience="private")
    answer = await town.call("ben", "POST", "/views", json={"photo_ids": [seen, seen, hidden, "0000000000000", "?"]})
    assert answer.status_code == 202
    await town.call("ana", "POST", "/views", json={"photo_ids": [seen]})
    assert (await town.get(None, f"/photos/{seen}"))["counts"] == {"likes": 0, "comments": 0, "views": 2}
    assert (await town.get("ana", f"/photos/{hidden}"))["counts"]["views"] == 0
    assert (await town.call(None, "POST", "/views", json={"photo_ids": [seen]})).status_code == 401
    for bad in ({"photo_ids": [seen] * 101}, {"photo_ids": [1]}, {}, {"photo_ids": None}):
        assert (await town.call("ana", "POST", "/views", json=bad)).status_code == 422
