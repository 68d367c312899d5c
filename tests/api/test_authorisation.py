"""The authorisation matrix: who may call what. A route that is not in it fails the first test."""

import uuid
from dataclasses import dataclass

import httpx
import pytest

from tests.people import Person, person, promoted

ROLES = ("moderator", "analyst", "operator")
ANYONE = """
POST /v1/members
POST /v1/sessions
POST /v1/sessions/refresh
GET /v1/members/{username}
GET /v1/members/{username}/photos
GET /v1/members/{username}/followers
GET /v1/members/{username}/following
GET /v1/members/{username}/albums
GET /v1/photos/{photo_id}
GET /v1/photos/{photo_id}/download
GET /v1/photos/{photo_id}/likes
GET /v1/photos/{photo_id}/comments
GET /v1/photos/{photo_id}/similar
GET /v1/albums/{album_id}
GET /v1/albums/{album_id}/photos
GET /v1/shared/{token}
GET /v1/erasures/{token}
GET /v1/trending
GET /v1/explore
GET /v1/tags/{tag}
GET /v1/tags/trending
GET /v1/search/photos
GET /v1/search/members
POST /v1/views
GET /v1/objects/{key}
HEAD /v1/objects/{key}
PUT /v1/objects/{key}
GET /healthz
GET /readyz
GET /metrics
"""
MEMBER = """
DELETE /v1/sessions/current
GET /v1/me
PATCH /v1/me
DELETE /v1/me
PUT /v1/me/avatar
DELETE /v1/me/avatar
GET /v1/me/follow-requests
PUT /v1/me/follow-requests/{username}
DELETE /v1/me/follow-requests/{username}
DELETE /v1/me/followers/{username}
GET /v1/me/blocks
GET /v1/me/mutes
GET /v1/me/duplicates
PUT /v1/me/duplicates/{group_id}
GET /v1/me/trash
GET /v1/me/shares
GET /v1/me/export
PUT /v1/members/{username}/follow
DELETE /v1/members/{username}/follow
PUT /v1/members/{username}/block
DELETE /v1/members/{username}/block
PUT /v1/members/{username}/mute
DELETE /v1/members/{username}/mute
POST /v1/uploads
POST /v1/uploads/{upload_id}/complete
POST /v1/photos
PATCH /v1/photos/{photo_id}
DELETE /v1/photos/{photo_id}
PUT /v1/photos/{photo_id}/edits
POST /v1/photos/{photo_id}/restore
GET /v1/photos/{photo_id}/original
PUT /v1/photos/{photo_id}/like
DELETE /v1/photos/{photo_id}/like
POST /v1/photos/{photo_id}/comments
POST /v1/photos/{photo_id}/shares
PATCH /v1/comments/{comment_id}
DELETE /v1/comments/{comment_id}
POST /v1/albums
PATCH /v1/albums/{album_id}
DELETE /v1/albums/{album_id}
PUT /v1/albums/{album_id}/photos/{photo_id}
DELETE /v1/albums/{album_id}/photos/{photo_id}
POST /v1/albums/{album_id}/shares
DELETE /v1/shares/{share_id}
GET /v1/feed
GET /v1/notifications
POST /v1/notifications/seen
GET /v1/notifications/unread-count
GET /v1/live
POST /v1/reports
"""
HELD_BY = {
    "moderator": """
GET /v1/moderation/reports
PUT /v1/moderation/takedowns/{subject}
DELETE /v1/moderation/takedowns/{subject}
""",
    "analyst": "GET /v1/events",
    "operator": "GET /v1/ops/projections",
}
NOBODY = "0" * 13
METHODS = {"get", "head", "put", "post", "patch", "delete"}


def calls(table: str) -> set[tuple[str, str]]:
    return {(method, path) for method, path in (line.split() for line in table.strip().splitlines())}


@dataclass
class Cast:
    """An owner with things of every kind, and everybody else as they stand to her."""

    owner: Person
    others: dict[str, Person]
    things: dict[str, str]


@pytest.fixture(scope="module")
def document(server) -> set[tuple[str, str]]:
    paths = httpx.get(f"{server.url}/openapi.json").json()["paths"]
    return {(method.upper(), path) for path, known in paths.items() for method in known if method in METHODS}


@pytest.fixture(scope="module")
def cast(server) -> Cast:
    def one() -> Person:
        return person(server.url, f"z{uuid.uuid4().hex[:10]}")

    owner, others = one(), {name: one() for name in ("stranger", "follower", "friend", "blocked", *ROLES)}
    for role in ROLES:
        others[role] = promoted(server.url, others[role].username, role, settings=server.settings)
    things = {}
    for number, audience in enumerate(("public", "friends", "private")):
        things[audience] = owner.publish(seed=130 + number, audience=audience)
        owner.ready(things[audience])
        album = owner.call("POST", "/albums", json={"title": audience, "audience": audience}, status=201).json()
        things[f"{audience} album"] = album["album_id"]
    for name in ("follower", "friend"):
        others[name].call("PUT", f"/members/{owner.username}/follow", status=200)
    owner.call("PUT", f"/members/{others['friend'].username}/follow", status=200)
    owner.call("PUT", f"/members/{others['blocked'].username}/block", status=204)
    newest = [each.headers["X-Min-Position"].split(",")[-1] for each in (owner, *others.values())]
    for each in (owner, *others.values()):
        each.headers["X-Min-Position"] = ",".join(newest)
    return Cast(owner, others, things)


def test_every_route_is_in_the_matrix(document) -> None:
    known = calls(ANYONE) | calls(MEMBER) | {call for table in HELD_BY.values() for call in calls(table)}
    assert {(method, path.replace("{key:path}", "{key}")) for method, path in document} - known == set()


def address(path: str) -> str:
    for name in ("photo_id", "comment_id", "album_id", "share_id", "upload_id", "group_id"):
        path = path.replace(f"{{{name}}}", NOBODY)
    return path.replace("{subject}", f"photo:{NOBODY}").replace("{username}", "nobody.there").replace("{tag}", "x")


def test_whoever_is_not_logged_in_is_refused_where_a_member_is_asked_for(document, url) -> None:
    for method, path in sorted(document & (calls(MEMBER) | set().union(*map(calls, HELD_BY.values())))):
        answer = httpx.request(method, f"{url}{address(path)}", json={} if method != "GET" else None)
        assert answer.status_code == 401, (method, path, answer.text)


def test_roles_are_asked_for(document, cast) -> None:
    for role, table in HELD_BY.items():
        for method, path in sorted(document & calls(table)):
            for name, one in cast.others.items():
                status = one.call(method, address(path).removeprefix("/v1")).status_code
                assert (status == 403) == (name != role), (method, path, name, status)


SEES = {
    "public": {"owner", "stranger", "follower", "friend", *ROLES},
    "friends": {"owner", "friend"},
    "private": {"owner"},
}


@pytest.mark.parametrize("audience", SEES)
def test_who_sees_and_who_may_change(cast, url, audience) -> None:
    photo, album = cast.things[audience], cast.things[f"{audience} album"]
    for name, one in {"owner": cast.owner, **cast.others}.items():
        seen = 200 if name in SEES[audience] else 404
        for path in (f"/photos/{photo}", f"/photos/{photo}/likes", f"/photos/{photo}/comments", f"/albums/{album}"):
            assert one.call("GET", path).status_code == seen, (name, path)
        assert one.call("GET", f"/albums/{album}/photos").status_code == seen, name
        if name == "owner":
            continue
        refused = 403 if seen == 200 else 404
        for method, path, body in (
            ("PATCH", f"/photos/{photo}", {"caption": "x"}),
            ("DELETE", f"/photos/{photo}", None),
            ("GET", f"/photos/{photo}/original", None),
            ("POST", f"/photos/{photo}/shares", {}),
            ("PATCH", f"/albums/{album}", {"title": "x"}),
            ("DELETE", f"/albums/{album}", None),
            ("POST", f"/albums/{album}/shares", {}),
            ("DELETE", f"/albums/{album}/photos/{photo}", None),
        ):
            answer = one.call(method, path, **({} if body is None else {"json": body}))
            assert answer.status_code == refused, (name, method, path, answer.text)
        assert one.call("PUT", f"/photos/{photo}/like").status_code == seen, name
    anyone = httpx.get(f"{url}/v1/photos/{photo}").status_code
    assert anyone == (200 if audience == "public" else 404)
