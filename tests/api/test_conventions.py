"""What holds on every route, tried on every route of the document."""

import uuid
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.api.schemas import Document
from tests.people import PASSWORD, Person, jpeg, person, promoted


@pytest.fixture(scope="module")
def document(server) -> Document:
    return Document(httpx.get(f"{server.url}/openapi.json").json())


@pytest.fixture(scope="module")
def ana(server) -> Person:
    """Someone who may call everything."""
    name = person(server.url, f"ana{uuid.uuid4().hex[:8]}").username
    return promoted(server.url, name, "moderator", "analyst", "operator", settings=server.settings)


@pytest.fixture(scope="module")
def gone(server) -> str:
    """The token of an erasure."""
    leaver = person(server.url, f"leaver{uuid.uuid4().hex[:8]}")
    told = leaver.call("DELETE", "/me", json={"password": PASSWORD}, status=202).json()
    return str(told["report_url"]).rsplit("/", 1)[1]


@pytest.fixture(scope="module")
def known(ana) -> dict[str, str]:
    """Something to put for each name in a path, with a photo that is ready, liked and commented."""
    photo = ana.publish(seed=3, tags=["conventions"], caption="by @nobody")
    ana.ready(photo)
    ana.call("PUT", f"/photos/{photo}/like", status=200)
    comment = ana.call("POST", f"/photos/{photo}/comments", json={"text": "one"}, status=201).json()["comment_id"]
    album = ana.call("POST", "/albums", json={"title": "Conventions"}, status=201).json()["album_id"]
    ana.call("PUT", f"/albums/{album}/photos/{photo}", status=204)
    share = ana.call("POST", f"/photos/{photo}/shares", json={}, status=201).json()
    return {
        "username": ana.username,
        "photo_id": photo,
        "comment_id": comment,
        "album_id": album,
        "share_id": share["share_id"],
        "token": share["url"].rsplit("/", 1)[1],
        "tag": "conventions",
        "upload_id": ana.upload(jpeg(2)),
        "group_id": photo,
        "subject": f"photo:{photo}",
        "key": "x",
    }


STREAMS = {"/v1/live", "/v1/events", "/v1/me/export"}
"""Answers that go on for long, and so promise something else; their own tests hold them to it."""


def reads(document: Document) -> list[tuple[str, dict[str, Any]]]:
    return [
        (path, operation)
        for method, path, operation in document.operations()
        if method == "GET"
        and path.startswith("/v1/")
        and not path.startswith(("/v1/objects", "/v1/erasures"))
        and path not in STREAMS
    ]


def at(template: str, operation: dict[str, Any], known: dict[str, str]) -> str:
    """A route's path with something known in it, and with the examples of the parameters that it can't do without."""
    needed = [said for said in operation.get("parameters", ()) if said["in"] == "query" and said["required"]]
    query = {said["name"]: said["schema"]["examples"][0] for said in needed}
    if template == "/v1/search/photos":  # wants words or a filter
        query["q"] = "conventions"
    path = template.format(**known)
    return f"{path}?{urlencode(query)}" if query else path


def with_(path: str, **query: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}{urlencode(query)}"


def test_every_read_answers_as_it_promises_with_etag_position_and_lag(document, ana, known) -> None:
    for template, said in reads(document):
        answer = ana.call("GET", at(template, said, known).removeprefix("/v1"), follow_redirects=False)
        assert answer.status_code in {200, 302}, (template, answer.text)
        document.judge("GET", answer)
        assert answer.headers["ETag"].startswith('"')
        assert answer.headers["X-Position"]
        assert int(answer.headers["X-Projection-Lag-Ms"]) >= 0
        assert "Authorization" in answer.headers["Vary"].split(", ")
        expected = "private, max-age=0" if template == "/v1/feed" else "private, no-cache"
        assert answer.headers["Cache-Control"] == expected


def test_every_read_honours_if_none_match_and_head(document, ana, known) -> None:
    for template, said in reads(document):
        path = at(template, said, known).removeprefix("/v1")
        first = ana.call("GET", path, follow_redirects=False)
        tag = first.headers["ETag"]
        for header in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = ana.call("GET", path, headers={"If-None-Match": header}, follow_redirects=False)
            assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag), template
        assert ana.call("GET", path, headers={"If-None-Match": '"other"'}, follow_redirects=False).status_code != 304
        head = ana.call("HEAD", path, follow_redirects=False)
        assert (head.status_code, head.content) == (first.status_code, b"")
        assert set(head.headers) == set(first.headers)
        assert head.headers["ETag"] == tag


def test_an_erasure_is_read_like_everything_else(document, gone, url) -> None:
    answer = httpx.get(f"{url}/v1/erasures/{gone}")
    assert answer.status_code == 200
    document.judge("GET", answer)
    assert httpx.get(f"{url}/v1/erasures/{gone}", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    made_up = httpx.get(f"{url}/v1/erasures/{gone}", headers={"X-Min-Position": "made-up"})
    assert (made_up.status_code, made_up.json()["code"]) == (400, "position_invalid")


def test_every_read_checks_positions(document, ana, known) -> None:
    for template, said in reads(document):
        path = at(template, said, known).removeprefix("/v1")
        answer = ana.call("GET", path, headers={"X-Min-Position": "made-up"})
        assert (answer.status_code, answer.json()["code"]) == (400, "position_invalid"), template
        document.judge("GET", answer)


def test_every_page_checks_limit_and_cursor(document, ana, known) -> None:
    paged = [
        (path, said) for path, said in reads(document) if any(p["name"] == "cursor" for p in said.get("parameters", ()))
    ]
    assert len(paged) >= 6
    for template, said in paged:
        path = at(template, said, known).removeprefix("/v1")
        for limit in ("0", "101", "-1", "x", "", "1e3", "9" * 5000):
            answer = ana.call("GET", with_(path, limit=limit))
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), (template, limit)
            assert answer.json()["errors"][0]["field"] == "limit"
        answer = ana.call("GET", with_(path, cursor="made-up"))
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid"), template


def test_every_call_of_a_member_is_401_without_a_token_and_every_call_with_a_bad_one(document, url, known) -> None:
    for method, template, operation in document.operations():
        if not template.startswith("/v1/") or template.startswith(("/v1/objects", "/v1/sessions/refresh")):
            continue
        path = template.format(**known)
        example = {"json": {"text": "x", "upload_id": "x", "filename": "x", "content_type": "image/jpeg", "size": 1}}
        body = example if "requestBody" in operation else {}
        if "security" in operation:
            answer = httpx.request(method, f"{url}{path}", **body)
            assert answer.status_code == 401, (method, template, answer.text)
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            document.judge(method, answer)
        if method == "GET":
            bad = httpx.request(method, f"{url}{path}", headers={"Authorization": "Bearer a.b.c"})
            assert (bad.status_code, bad.json()["code"]) == (401, "bad_token"), (method, template)


def test_every_path_refuses_other_methods_and_names_its_own(document, url, known) -> None:
    paths: dict[str, set[str]] = {}
    for method, path, _ in document.operations():
        paths.setdefault(path, set()).add(method)
    for template, methods in paths.items():
        path = template.format(**known)
        for method in {"GET", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "TRACE"} - methods:
            answer = httpx.request(method, f"{url}{path}")
            assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed"), (method, template)
            allowed = set(answer.headers["Allow"].split(", "))
            assert allowed == methods | ({"HEAD"} if "GET" in methods else set()), template


def test_every_toggle_may_be_repeated_and_answers_with_a_position(ana, known) -> None:
    photo = known["photo_id"]
    for _ in range(2):
        for method, liked in (("PUT", True), ("DELETE", False)):
            answer = ana.call(method, f"/photos/{photo}/like", status=200)
            assert answer.json() == {"liked": liked}
            assert answer.headers["X-Position"]


def test_a_commands_position_covers_what_the_request_brought_along(ana, url) -> None:
    ben = person(url, f"ben{uuid.uuid4().hex[:8]}")
    ben.call("PUT", f"/members/{ana.username}/follow", status=200)
    position = ben.headers["X-Min-Position"]
    follower = ana.get(f"/members/{ana.username}/followers", headers={"X-Min-Position": position})["items"][0]
    assert follower["username"] == ben.username
    both = httpx.get(
        f"{url}/v1/members/{ana.username}",
        headers=[("X-Min-Position", position), ("X-Min-Position", ana.headers["X-Min-Position"])],
    )
    assert both.status_code == 200


def test_requests_are_named(url) -> None:
    assert httpx.get(f"{url}/healthz", headers={"X-Request-Id": "my-request"}).headers["X-Request-Id"] == "my-request"
    assert len(httpx.get(f"{url}/v1/nothing", headers={"X-Request-Id": "a\tb"}).headers["X-Request-Id"]) == 32


def test_the_server_tells_of_itself(url) -> None:
    assert httpx.get(f"{url}/healthz").json() == {"status": "alive"}
    assert httpx.get(f"{url}/readyz").json()["status"] == "ready"
    text = httpx.get(f"{url}/metrics").text
    assert 'filmroll_projection_lag_seconds{projection="photos"}' in text
    assert "filmroll_http_request_seconds_bucket" in text


def test_metrics_tell_how_often_caches_helped(ana, known, url) -> None:
    for _ in range(2):
        ana.get(f"/photos/{known['photo_id']}")
    text = httpx.get(f"{url}/metrics").text
    found = 'filmroll_cache_lookups_total{level="process",outcome="found",sort="photos"}'
    assert float(text.split(found)[1].split()[0]) >= 1
