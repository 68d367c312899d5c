"""A store that is down takes away what only it knows, and nothing else."""

from dataclasses import replace

import httpx
import pytest

from commands.errors import Unavailable
from projections.stores import NoLiveModelError, OutOfReachError
from tests.api.inside import Away, Inside, inside
from tests.people import PASSWORD

UNKNOWN = {"likes": None, "comments": None, "views": 0, "stale": True}
IN_CASSANDRA = (
    "sight", "profiles", "photos", "authors", "follows", "timelines", "likes", "comments", "duplicates", "sessions",
)  # fmt: skip


@pytest.fixture
async def here(tmp_path):
    async with inside(tmp_path / "data") as made:
        await made.member("ana")
        await made.member("ben")
        await made.call("ben", "PUT", "/members/ana/follow")
        yield made


def unavailable(answer: httpx.Response) -> bool:
    assert answer.status_code == 503, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.json()["code"] == "unavailable"
    return True


@pytest.mark.parametrize("error", [OutOfReachError("counters"), NoLiveModelError("counters")])
async def test_without_counts_everything_is_shown_but_the_counts(here: Inside, error) -> None:
    photo = await here.photo("ana", caption="Dusk")
    await here.level()
    before = {path: await here.call("ben", "GET", path) for path in (f"/photos/{photo}", "/feed", "/members/ana")}
    assert before[f"/photos/{photo}"].json()["counts"] == {"likes": 0, "comments": 0, "views": 0}
    async with here.without("counters", counters=Away(error)) as hurt:
        after = {path: await hurt.call("ben", "GET", path) for path in before}
        assert all(answer.status_code == 200 for answer in after.values()), after
        assert after[f"/photos/{photo}"].json()["counts"] == UNKNOWN
        assert after["/feed"].json()["items"][0]["counts"] == UNKNOWN
        counts = {"photos": None, "followers": None, "following": None, "stale": True}
        assert after["/members/ana"].json()["counts"] == counts
        for path, answer in after.items():
            assert answer.headers["ETag"] != before[path].headers["ETag"]
            assert answer.headers["X-Position"]
            assert int(answer.headers["X-Projection-Lag-Ms"]) < 60_000
        assert (await hurt.get("ben", "/members/ana/photos"))["items"][0]["counts"] == UNKNOWN
    again = await here.call("ben", "GET", f"/photos/{photo}")
    assert again.headers["ETag"] == before[f"/photos/{photo}"].headers["ETag"]


async def test_without_counts_commands_answer_too(here: Inside) -> None:
    photo = await here.photo("ana")
    async with here.without("counters", counters=Away(OutOfReachError("counters"))) as hurt:
        changed = await hurt.call("ana", "PATCH", f"/photos/{photo}", json={"caption": "Dawn"})
        assert (changed.status_code, changed.json()["counts"]) == (200, UNKNOWN)
        profile = await hurt.call("ana", "PATCH", "/me", json={"bio": "Rivers"})
        assert (profile.status_code, profile.json()["counts"]["stale"]) == (200, True)
        assert (await hurt.call("ben", "PUT", f"/photos/{photo}/like")).json() == {"liked": True}
        assert (await hurt.http.get("/metrics")).text.count(" NaN") == 1
    assert (await here.get("ben", f"/photos/{photo}"))["counts"]["likes"] == 1


async def test_what_a_route_does_not_use_can_not_hurt_it(here: Inside) -> None:
    photo = await here.photo("ana")
    await here.level()
    async with here.without("counters", "timelines", "photo_search", "member_search", "follows") as hurt:
        for path in (f"/photos/{photo}", f"/photos/{photo}/likes", f"/photos/{photo}/comments", "/members/ana"):
            assert (await hurt.call("ben", "GET", path)).status_code == 200, path
        assert unavailable(await hurt.call("ben", "GET", "/feed"))


@pytest.fixture
async def cut_off(here: Inside):
    """The read store is down, for reads and for what commands apply at once."""
    photo = await here.photo("ana")
    comment = (await here.call("ben", "POST", f"/photos/{photo}/comments", json={"text": "One"})).json()
    await here.level()
    queries = replace(here.core.queries, progress=Away(), counters=Away(), **{port: Away() for port in IN_CASSANDRA})
    core = replace(here.core, queries=queries, deps=replace(here.core.deps, immediate=Away()))
    async with here.over(core) as other:
        yield other, photo, comment["comment_id"]


async def test_without_the_read_store_reads_are_unavailable(cut_off) -> None:
    here, photo, _ = cut_off
    paths = ("/feed", "/me", "/members/ana", "/members/ana/photos", "/members/ana/followers", f"/photos/{photo}")
    for path in (*paths, f"/photos/{photo}/likes", f"/photos/{photo}/comments", f"/photos/{photo}/original"):
        assert unavailable(await here.call("ben", "GET", path)), path


async def test_without_the_read_store_commands_that_need_no_read_go_on(cut_off) -> None:
    here, _, _ = cut_off
    await here.member("cleo")  # registers and logs in
    assert (await here.call("cleo", "PUT", "/members/ana/follow")).json() == {"state": "yes"}
    asked = {"filename": "a.jpg", "content_type": "image/jpeg", "size": 10, "sha256": "5f" * 32}
    assert (await here.call("cleo", "POST", "/uploads", json=asked)).json()["duplicate_of"] is None
    told = await here.call("cleo", "PATCH", "/me", json={"bio": "Rivers"})
    assert (told.status_code, told.json()["bio"], told.json()["counts"]["stale"]) == (200, "Rivers", True)


async def test_without_the_read_store_a_session_that_is_over_is_refused_all_the_same(cut_off) -> None:
    here, _, _ = cut_off
    assert (await here.call("ben", "DELETE", "/sessions/current")).status_code == 202
    refused = await here.call("ben", "PUT", "/members/ana/follow")
    assert (refused.status_code, refused.json()["code"]) == (401, "bad_token")
    again = await here.call(None, "POST", "/sessions", json={"username": "ben", "password": PASSWORD})
    assert again.status_code == 201


async def test_without_the_read_store_what_restricts_is_taken_and_pending(cut_off) -> None:
    here, photo, comment = cut_off
    calls = (
        ("ben", "DELETE", "/members/ana/follow", None),
        ("ana", "PATCH", f"/photos/{photo}", {"audience": "private"}),
        ("ana", "PATCH", f"/photos/{photo}", {"caption": "Dawn"}),
        ("ana", "PATCH", "/me", {"private": True}),
        ("ana", "DELETE", f"/photos/{photo}", None),
    )
    for who, method, path, body in calls:
        answer = await here.call(who, method, path, **({"json": body} if body else {}))
        assert (answer.status_code, answer.json()) == (202, {"effect": "pending"}), (path, answer.text)
        assert answer.headers["X-Position"]
    assert (await here.call("ana", "DELETE", f"/comments/{comment}")).is_success
    assert unavailable(await here.call("ben", "DELETE", f"/photos/{photo}"))  # whether they see it can't be told


async def test_what_was_pending_comes_with_the_live_hosts(here: Inside, cut_off) -> None:
    hurt, photo, _ = cut_off
    assert (await hurt.call("ana", "DELETE", f"/photos/{photo}")).status_code == 202
    await here.level()
    assert (await here.call("ben", "GET", f"/photos/{photo}")).status_code == 404


async def test_a_port_that_is_away_is_told_as_a_store_that_is_down(here: Inside) -> None:
    for error in (Unavailable("gone"), NoLiveModelError("timelines"), OutOfReachError("timelines")):
        async with here.without(timelines=Away(error)) as hurt:
            assert unavailable(await hurt.call("ben", "GET", "/feed"))
            assert (await hurt.call("ben", "GET", "/members/ana")).status_code == 200
