"""What operators and analysts read over HTTP: builds and events, for those who hold the role."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from commands.members import GrantRole, grant_role
from projections.catalogue import BY_NAME, CATALOGUE
from streams.rebuild import rebuild
from tests.api.inside import Inside, inside
from tests.people import PASSWORD


@pytest.fixture(params=[1, 4], ids=["one log", "four logs"])
async def installation(tmp_path, request):
    async with inside(tmp_path / "data", logs=request.param) as made:
        for name in ("ada", "ana", "olga"):
            await made.member(name)
        await granted(made, "ana", "analyst")
        await granted(made, "olga", "operator")
        await made.level()
        yield made


async def granted(made: Inside, username: str, role: str) -> None:
    core = made.core
    command = GrantRole(username, role, "test")
    await grant_role(command, deps=core.deps, fingerprint=core.installation.fingerprint)
    session = await made.call(None, "POST", "/sessions", json={"username": username, "password": PASSWORD})
    made.headers[username]["Authorization"] = f"Bearer {session.json()['access_token']}"


async def events(made: Inside, **params) -> list[dict]:
    answer = await made.call("ana", "GET", "/events", params=params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


async def refusal(made: Inside, who: str | None, path: str, **params) -> tuple[int, str]:
    answer = await made.call(who, "GET", path, params=params)
    return answer.status_code, answer.json()["code"]


async def stored(made: Inside) -> list[tuple[datetime, str]]:
    store = made.core.store
    facts = [fact for log in range(store.logs) for fact in (await store.read(log, 0, 10_000)).facts]
    return sorted((fact.recorded_at, f"{fact.position.log}:{fact.position.number}") for fact in facts)


async def test_only_those_with_the_role_may_look(installation):
    for path, holder in (("/ops/projections", "olga"), ("/events", "ana")):
        assert await refusal(installation, None, path) == (401, "unauthenticated")
        for who in {"ada", "ana", "olga"} - {holder}:
            assert await refusal(installation, who, path) == (403, "forbidden")
        assert (await installation.call(holder, "GET", path)).status_code == 200


async def test_every_build_is_told_with_how_it_stands(installation):
    built = await rebuild(BY_NAME["likes"], log=installation.core.store, models=installation.core.models)
    told = await installation.get("olga", "/ops/projections")
    by_name = {(each["projection"], each["version"]): each for each in told["items"]}
    assert by_name.keys() == {*((each.name, 1) for each in CATALOGUE), ("likes", built.build)}
    assert by_name["likes", built.build]["state"] == "ready"
    live = by_name["profiles", 1]
    heads = {str(log): await installation.core.store.head(log) for log in range(installation.core.store.logs)}
    assert live == {
        "projection": "profiles",
        "version": 1,
        "code_version": BY_NAME["profiles"].version,
        "state": "live",
        "paused": False,
        "reachable": True,
        "position": {log: head for log, head in heads.items() if head},
        "lag_events": 0,
        "lag_ms": 0,
        "rate": 0.0,
        "dead_letters": 0,
    }


async def test_a_build_that_is_held_back_shows_its_lag(installation):
    models = installation.core.models
    (live,) = [each.model for each in await models.status() if each.model.projection == "likes"]
    await models.pause(live, paused=True)

    async def paused() -> dict:
        items = (await installation.get("olga", "/ops/projections"))["items"]
        return next(each for each in items if each["projection"] == "likes")

    photo = await installation.photo("ada")
    while not (held := await paused())["lag_events"]:  # the follower may not have noticed yet
        await installation.call("ada", "PUT", f"/photos/{photo}/like")
        await installation.call("ada", "DELETE", f"/photos/{photo}/like")
    assert (held["paused"], held["state"]) == (True, "live")
    assert held["lag_ms"] > 0
    await models.pause(live, paused=False)


async def test_events_come_in_the_order_of_recording_page_by_page(installation):
    await installation.photo("ada", caption="here")
    expected = [position for _, position in await stored(installation)]
    found: list[str] = []
    while page := await events(installation, limit=3, **({"after": found[-1]} if found else {})):
        found += [line["position"] for line in page]
    assert found == expected
    again = [line["position"] for line in await events(installation, after=expected[4], limit=10_000)]
    assert again == expected[5:]


async def test_any_line_can_be_gone_on_from_by_a_process_that_never_served_it(installation):
    expected = [position for _, position in await stored(installation)]
    async with installation.over(installation.core) as fresh:
        for at, position in enumerate(expected):
            assert [line["position"] for line in await events(fresh, after=position)] == expected[at + 1 :]


async def test_types_and_times_choose(installation):
    photo = await installation.photo("ada")
    await installation.call("olga", "PUT", f"/photos/{photo}/like")
    (liked,) = await events(installation, types="photo.liked.v1")
    assert (liked["event_type"], liked["schema_version"], liked["data"]["photo_id"]) == ("photo.liked.v1", 1, photo)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", liked["data"]["at"])
    everything = await events(installation)
    assert await events(installation, until=everything[3]["position"]) == everything[:4]
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    assert await events(installation, after=later) == []
    assert await events(installation, until="2020-01-01T00:00Z") == []
    both = await events(installation, types="photo.liked.v1,member.registered.v1", limit=2)
    assert [line["event_type"] for line in both] == ["member.registered.v1"] * 2


async def test_a_position_token_of_a_command_is_a_place_too(installation):
    photo = await installation.photo("ada")
    before = await installation.call("olga", "PUT", f"/photos/{photo}/like")
    await installation.call("ada", "PUT", f"/photos/{photo}/like")
    found = await events(installation, after=before.headers["X-Position"], types="photo.liked.v1")
    assert [line["data"]["member_id"] for line in found] == [
        (await installation.get("ada", "/members/ada"))["member_id"]
    ]


async def test_what_is_personal_is_never_told(installation):
    answer = await installation.call("ana", "GET", "/events")
    assert "ada@example.org" not in answer.text
    assert "Ada" not in answer.text
    registered = [
        line for line in map(json.loads, answer.text.splitlines()) if "member.registered" in line["event_type"]
    ]
    assert registered[0]["data"]["email"] is None


async def test_what_is_no_type_or_place_is_refused(installation):
    for params, expected in (
        ({"types": "photo.licked.v1"}, (400, "event_type_unknown")),
        ({"types": ""}, (400, "event_type_unknown")),
        ({"after": "nowhere"}, (400, "position_invalid")),
        ({"after": "0:999999"}, (400, "position_invalid")),
        ({"after": "77:1,78:2"}, (400, "position_invalid")),
        ({"after": "9" * 5000}, (400, "position_invalid")),
        ({"until": "0:٣"}, (400, "position_invalid")),
        ({"until": "😀:1"}, (400, "position_invalid")),
        ({"limit": "0"}, (422, "invalid")),
        ({"limit": "10001"}, (422, "invalid")),
    ):
        assert await refusal(installation, "ana", "/events", **params) == expected, params
