"""What lets people in is never written to the logs: a server at its most talkative is given secrets of every kind."""

import json
import re
import uuid
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import structlog
from structlog.testing import capture_logs

from infra.installation import open_installation
from infra.settings import Settings
from tests.api.inside import Away, inside
from tests.people import PASSWORD, Person, jpeg, person
from tests.serving import Server

WRONG, OF_LINK, LATER = "wrong horse battery", "open sesame, link", "another horse battery"
TALKATIVE = {"FILMROLL_LOG_LEVEL": "debug", "FILMROLL_LOG_FORMAT": "json", "FILMROLL_SLOW_QUERY_MS": "0"}


def bearer(holder: Person) -> str:
    return holder.headers["Authorization"].removeprefix("Bearer ")


def exercise(url: str) -> dict[str, str]:
    """Use, and misuse, everything that takes a secret; gives the secrets by what they are."""
    ana = person(url, f"ana{uuid.uuid4().hex[:8]}")
    http = ana.http
    login = http.post("/v1/sessions", json={"username": ana.username, "password": PASSWORD}).json()
    assert http.post("/v1/sessions", json={"username": ana.username, "password": WRONG}).status_code == 401
    assert http.post("/v1/sessions", json={"username": [1], "password": LATER}).status_code == 422
    fresh = http.post("/v1/sessions/refresh", json={"refresh_token": login["refresh_token"]}).json()
    assert http.post("/v1/sessions/refresh", json={"refresh_token": login["refresh_token"]}).status_code == 401
    forged = f"{bearer(ana)[:-4]}AAAA"
    assert ana.call("GET", "/me", headers={"Authorization": f"Bearer {forged}"}).status_code == 401
    assert ana.call("GET", "/me", headers={"Authorization": "Basic c2VjcmV0OnNlY3JldA=="}).status_code == 401

    content = jpeg(7)
    asked = {"filename": "a.jpg", "content_type": "image/jpeg", "size": len(content)}
    upload = ana.call("POST", "/uploads", json=asked, status=201).json()
    assert httpx.put(upload["url"], content=b"short", headers=upload["headers"]).is_client_error
    assert httpx.put(upload["url"], content=content, headers=upload["headers"]).is_success
    said = {"upload_id": upload["upload_id"], "audience": "private"}
    photo = ana.ready(ana.call("POST", "/photos", json=said, status=202).json()["photo_id"])
    source = photo["image"]["src"]
    assert httpx.get(source).is_success
    assert httpx.get(source[:-2]).is_client_error
    link = ana.call("POST", f"/photos/{photo['photo_id']}/shares", json={"password": OF_LINK}, status=201).json()["url"]
    for word, status in ((OF_LINK, 200), (WRONG, 401)):
        found = httpx.get(link, headers={"X-Share-Password": word, "X-Min-Position": ana.headers["X-Min-Position"]})
        assert found.status_code == status, found.text
    assert httpx.get(f"{link}?cursor=broken").is_client_error
    closing = ana.call("DELETE", "/me", json={"password": PASSWORD})
    assert closing.is_success, closing.text
    report = closing.json()["report_url"]
    assert httpx.get(report).is_success
    return {
        "password": PASSWORD,
        "wrong password": WRONG,
        "refused password": LATER,
        "password of a link": OF_LINK,
        "access token": bearer(ana),
        "forged token": forged,
        "access token of a login": login["access_token"],
        "refreshed access token": fresh["access_token"],
        "refresh token": login["refresh_token"],
        "fresh refresh token": fresh["refresh_token"],
        "basic credentials": "c2VjcmV0OnNlY3JldA==",
        "signature to put": parse_qs(urlsplit(upload["url"]).query)["signature"][0],
        "signature to read": parse_qs(urlsplit(source).query)["signature"][0],
        "token of a link": urlsplit(link).path.rpartition("/")[2],
        "token of an erasure": urlsplit(report).path.rpartition("/")[2],
        "e-mail address": f"{ana.username}@example.org",
    }


def keys_of(data: Path) -> dict[str, str]:
    made = open_installation(Settings(data=data), create=False)
    purposes = ("tokens", "files", "members", "variants", "fingerprint")
    keys = {"root": made.root, **{name: made.key(name) for name in purposes}, **made.token_keys(1)}
    return {f"key {name}": key.hex() for name, key in keys.items()}


def leaked(log: str, secrets: dict[str, str]) -> list[str]:
    """Which secrets stand in the log, whole or as half of them, in any of their forms."""
    found = []
    for what, secret in secrets.items():
        forms = {secret, json.dumps(secret)[1:-1], secret[len(secret) // 2 :], secret.replace(" ", "+")}
        if any(form in log for form in forms):
            found.append(what)
    return found


def test_a_server_at_its_most_talkative_tells_no_secret(data) -> None:
    server = Server(data, environment=TALKATIVE).start()
    try:
        secrets = exercise(server.url)
    finally:
        server.stop()
    log = (data.parent / f"{data.name}.log").read_text()
    assert len(re.findall(r'"event": ?"slow query"', log)) > 20, (
        "the log has to be talkative for this to prove anything"
    )
    assert leaked(log, {**secrets, **keys_of(data)}) == []
    assert "Bearer " not in log
    assert "signature=" not in log


async def test_a_request_that_fails_is_logged_without_the_token_in_its_path(tmp_path) -> None:
    async with inside(tmp_path / "data") as town:
        await town.member("ana")
        photo = await town.photo("ana", audience="private")
        link = (await town.call("ana", "POST", f"/photos/{photo}/shares", json={"password": OF_LINK})).json()["url"]
        path = urlsplit(link).path.removeprefix("/v1")
        token = path.rpartition("/")[2]
        with capture_logs(processors=[structlog.processors.format_exc_info]) as entries:
            async with town.without(photos=Away(RuntimeError("broken"))) as other:
                answer = await other.call("ana", "GET", path, headers={"X-Share-Password": OF_LINK})
        assert answer.status_code == 500
    (failed,) = [entry for entry in entries if entry["event"] == "request failed"]
    assert failed["path"] == "/v1/shared/***"
    assert "RuntimeError: broken" in failed["exception"]
    secrets = {"link": token, "password": OF_LINK, "access token": town.headers["ana"]["Authorization"][7:]}
    assert leaked(repr(entries), secrets) == []


@pytest.mark.parametrize("word", ["quite secret", "a b"])
def test_a_secret_in_a_log_would_be_found(word) -> None:
    assert leaked(f"GET /x?password={word.replace(' ', '+')}", {"password": word}) == ["password"]
