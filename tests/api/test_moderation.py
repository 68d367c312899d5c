"""Reports and takedowns, tried through the front door: who may, and what nobody sees any more."""

import uuid

import httpx
import pytest

from tests.people import Person, logged_in, person, promoted

NOBODY = "0" * 13


@pytest.fixture(scope="module")
def people(server) -> tuple[Person, Person, Person]:
    ana, ben, judge = (person(server.url, f"m{uuid.uuid4().hex[:10]}") for _ in range(3))
    return ana, ben, promoted(server.url, judge.username, "moderator", settings=server.settings)


def meet(*all_of: Person) -> None:
    """Let everyone know what anyone did, by the newest tokens of each."""
    newest = (token for one in all_of for token in one.headers["X-Min-Position"].split(",")[-8:])
    joined = ",".join(dict.fromkeys(newest))
    for one in all_of:
        one.headers["X-Min-Position"] = joined


def test_reports_reach_the_moderators_alone(people) -> None:
    ana, ben, judge = people
    photo = ana.publish(seed=100)
    ana.ready(photo)
    meet(ana, ben)
    body = {"subject": f"photo:{photo}", "reason": "Mine"}
    filed = ben.call("POST", "/reports", json=body, status=201).json()
    assert (filed["subject"], filed["reason"]) == (body["subject"], "Mine")
    meet(ben, judge)
    (found,) = [each for each in judge.walk("/moderation/reports", 1) if each["report_id"] == filed["report_id"]]
    assert found["reporter"]["username"] == ben.username
    assert found["taken_down"] is False
    assert ben.call("GET", "/moderation/reports", status=403).json()["code"] == "forbidden"
    ben.call("PUT", f"/moderation/takedowns/photo:{photo}", status=403)
    ben.call("POST", "/reports", json={"subject": f"photo:{NOBODY}", "reason": "?"}, status=404)
    ben.call("POST", "/reports", json={"subject": "photo:1", "reason": "?"}, status=422)
    judge.call("PUT", f"/moderation/takedowns/photo:{NOBODY}", status=404)
    judge.call("PUT", "/moderation/takedowns/nonsense", status=404)


def test_a_photo_is_taken_down_and_shown_again(people, url) -> None:
    ana, ben, judge = people
    photo = ana.publish(seed=101)
    ana.ready(photo)
    meet(ana, ben, judge)
    link = ana.call("POST", f"/photos/{photo}/shares", json={}, status=201).json()["url"]
    before = ana.get("/me")["counts"]["photos"]
    for _ in range(2):
        judge.call("PUT", f"/moderation/takedowns/photo:{photo}", status=204)
    assert httpx.get(f"{url}/v1/photos/{photo}").status_code == 404
    assert httpx.get(link).status_code == 404
    for owners in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/restore")):
        ana.call(owners[0], f"/photos/{photo}{owners[1]}", status=404, **({"json": {}} if owners[0] == "PATCH" else {}))
    meet(ana, ben, judge)
    assert ana.get("/me")["counts"]["photos"] == before - 1
    assert photo not in [each["photo_id"] for each in ana.walk(f"/members/{ana.username}/photos")]
    for _ in range(2):
        judge.call("DELETE", f"/moderation/takedowns/photo:{photo}", status=204)
    meet(ana, judge)
    assert httpx.get(f"{url}/v1/photos/{photo}").status_code == 200
    assert ana.get("/me")["counts"]["photos"] == before


def test_a_comment_is_taken_down_and_shown_again(people) -> None:
    ana, ben, judge = people
    photo = ana.publish(seed=102)
    ana.ready(photo)
    meet(ana, ben)
    comment = ben.call("POST", f"/photos/{photo}/comments", json={"text": "Hm"}, status=201).json()
    meet(ana, ben, judge)
    judge.call("PUT", f"/moderation/takedowns/comment:{comment['comment_id']}", status=204)
    meet(ana, ben, judge)
    assert ana.walk(f"/photos/{photo}/comments") == []
    assert ana.get(f"/photos/{photo}")["counts"]["comments"] == 0
    ben.call("PATCH", f"/comments/{comment['comment_id']}", json={"text": "Oh"}, status=404)
    judge.call("DELETE", f"/moderation/takedowns/comment:{comment['comment_id']}", status=204)
    meet(ana, ben, judge)
    assert ana.walk(f"/photos/{photo}/comments") == [comment]
    assert ana.get(f"/photos/{photo}")["counts"]["comments"] == 1


def test_a_member_is_taken_down_and_shown_again(people, server) -> None:
    _, ben, judge = people
    cleo = person(server.url, f"m{uuid.uuid4().hex[:10]}")
    photo = cleo.publish(seed=103)
    cleo.ready(photo)
    meet(ben, cleo)
    member_id = cleo.get("/me")["member_id"]
    judge.call("PUT", f"/moderation/takedowns/member:{member_id}", status=204)
    ben.call("GET", f"/members/{cleo.username}", status=404)
    ben.call("GET", f"/photos/{photo}", status=404)
    assert cleo.call("GET", "/me", status=401).json()["code"] == "bad_token"
    body = {"username": cleo.username, "password": "correct horse battery"}
    assert httpx.post(f"{server.url}/v1/sessions", json=body).json()["code"] == "bad_credentials"
    judge.call("DELETE", f"/moderation/takedowns/member:{member_id}", status=204)
    ben.call("GET", f"/members/{cleo.username}", status=200)
    assert logged_in(server.url, cleo.username).get("/me")["member_id"] == member_id
