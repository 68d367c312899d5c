"""No input, however broken, gets a 5xx: it gets a problem that says what is wrong."""

import socket
import uuid
from itertools import product
from urllib.parse import urlsplit

import httpx
import orjson
import pytest

from tests.people import PASSWORD, Person, person

JSON = {"Content-Type": "application/json"}
DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000

BODIES = {
    "nothing": b"",
    "no JSON": b"{",
    "NaN": b'{"size": NaN}',
    "infinity": b'{"size": Infinity}',
    "a lone surrogate": b'{"username": "\\ud800", "text": "\\udfff", "caption": "\\ud800", "filename": "\\ud800"}',
    "invalid UTF-8": b'{"username": "\xff\xfe"}',
    "UTF-16": '{"username": "ana"}'.encode("utf-16"),
    "no bottom": DEEP,
    "no bottom of lists": b"[" * 100_000,
    "a number beyond 64 bits": b'{"size": 123456789012345678901234567890, "private": 1e400}',
    "a number of a million digits": b'{"size": ' + b"9" * 1_000_000 + b"}",
    "a list": b"[]",
    "a list of lists": b"[[[]]]",
    "a string": b'"x"',
    "null": b"null",
    "a number": b"1",
    "twice the same field": b'{"text": "a", "text": 5}',
}
VALUES = [None, True, 1, -1, 1.5, 2**70, "", "\0", "x" * 100_000, "\u202e", "é" * 5000, [], [None], {}, {"a": {}}]
FIELDS = {
    "POST /v1/members": ("username", "email", "password", "first_name", "last_name"),
    "POST /v1/sessions": ("username", "password"),
    "POST /v1/sessions/refresh": ("refresh_token",),
    "PATCH /v1/me": ("first_name", "bio", "private"),
    "POST /v1/uploads": ("filename", "content_type", "size", "sha256"),
    "POST /v1/photos": ("upload_id", "caption", "tags", "audience", "place", "show_location"),
    "PATCH /v1/photos/{photo}": ("caption", "alt_text", "tags", "audience"),
    "POST /v1/photos/{photo}/comments": ("text", "reply_to"),
}
WHOLE = {
    "username": "somebody",
    "email": "somebody@example.org",
    "password": "0123456789",
    "first_name": "A",
    "last_name": "B",
    "refresh_token": "x.y",
    "filename": "a.jpg",
    "content_type": "image/jpeg",
    "size": 100,
    "upload_id": "0000000000000",
    "text": "x",
}


@pytest.fixture(scope="module")
def ana(server) -> Person:
    return person(server.url, f"ana{uuid.uuid4().hex[:8]}")


@pytest.fixture(scope="module")
def photo(ana) -> str:
    photo_id = ana.publish(seed=9)
    ana.ready(photo_id)
    return photo_id


def is_problem(answer: httpx.Response) -> bool:
    """Whether it is a refusal in the form of all refusals."""
    assert 400 <= answer.status_code < 500, answer.text[:300]
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert {"type", "title", "status", "code", "detail"} <= set(problem)
    assert problem["status"] == answer.status_code
    if answer.status_code == 422:
        assert problem["errors"]
        assert all(set(error) == {"field", "message"} for error in problem["errors"])
    return True


@pytest.mark.parametrize("what", BODIES)
@pytest.mark.parametrize("call", FIELDS)
def test_a_broken_body_is_422(ana, photo, call, what) -> None:
    method, path = call.format(photo=photo).split()
    answer = ana.http.request(method, path, content=BODIES[what], headers={**ana.headers, **JSON})
    if what == "twice the same field" and answer.is_success:
        return
    assert is_problem(answer)
    assert answer.status_code in {422, 413}, answer.text


@pytest.mark.parametrize("call", FIELDS)
def test_a_field_of_any_other_kind_is_no_fault_of_the_server(ana, photo, call) -> None:
    method, path = call.format(photo=photo).split()
    for field, value in product(FIELDS[call], VALUES):
        body = {name: WHOLE[name] for name in FIELDS[call] if name in WHOLE} | {field: value}
        answer = ana.http.request(method, path, json=body, headers=ana.headers)
        assert answer.is_success or is_problem(answer), (call, field, value)


@pytest.mark.parametrize("call", FIELDS)
def test_what_is_not_called_json_is_415(ana, photo, call) -> None:
    method, path = call.format(photo=photo).split()
    for content_type in ("text/plain", "application/xml", "multipart/form-data; boundary=x", "json", "é/\xff", ""):
        headers = [*ana.headers.items(), ("Content-Type", content_type.encode("latin-1"))]
        answer = ana.http.request(method, path, content=b"{}", headers=headers)
        assert is_problem(answer)
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type"), content_type


def test_a_body_beyond_the_limit_is_413_announced_or_not(ana, photo) -> None:
    path = f"/v1/photos/{photo}/comments"
    before = ana.get(f"/photos/{photo}")["counts"]["comments"]
    big = b'{"text": "x"}' + b" " * 1_100_000
    for content in (big, (big[start : start + 65_536] for start in range(0, len(big), 65_536))):
        answer = httpx.post(f"{ana.http.base_url}{path}", content=content, headers={**ana.headers, **JSON})
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert is_problem(answer)
    assert ana.get(f"/photos/{photo}")["counts"]["comments"] == before


PATHS = [
    "/v1/photos/%00",
    "/v1/photos/%ff%fe",
    "/v1/photos/%",
    "/v1/photos/%zz",
    "/v1/photos/" + "x" * 5000,
    "/v1/photos/zzzzzzzzzzzzz",
    "/v1/photos/0000000000000",
    "/v1/photos/..%2f..%2fetc%2fpasswd",
    "/v1/photos/0akkzp7jbe319/likes",
    "/v1/photos/%00/comments",
    "/v1/photos/%00/download",
    "/v1/members/%00",
    "/v1/members/%F0%9F%98%80",
    "/v1/members/" + "a" * 5000,
    "/v1/members/%c4%b0nna",
    "/v1/members/nobody.at.all/photos",
    "/v1/members//photos",
    "/v1/objects/%00",
    "/v1/objects/..%2f..%2fetc%2fpasswd",
    "/v1/objects/photos/2026/05/04/0akkzp7jbe319/a/b/c.jpeg",
    "/v1/objects/" + "x/" * 1000,
    "/v1/nothing",
    "/v1/photos/",
    "//",
    "/%00",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_leads_nowhere_is_404(ana, path) -> None:
    target = urlsplit(str(ana.http.base_url))
    assert target.hostname
    assert target.port
    with socket.create_connection((target.hostname, target.port)) as connection:  # as it is: clients would mend it
        token = ana.headers["Authorization"]
        request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
    assert answer.split()[1] in {b"404", b"400"}, answer[:500]


@pytest.mark.parametrize(
    "query", ["limit=%00", "limit=%ff", "cursor=%00", "cursor=%ff", "limit=1&limit=x", "limit[]=1"]
)
def test_a_broken_query_is_no_fault_of_the_server(ana, query) -> None:
    answer = ana.http.get(f"/v1/members/{ana.username}/photos?{query}", headers=ana.headers)
    assert answer.is_success or is_problem(answer)


HEADERS = {
    "Authorization": [
        b"",
        b"Bearer",
        b"Basic YTpi",
        b"Bearer \xff\xfe",
        b"Bearer " + b"x" * 20_000,
        b"\xff",
    ],
    "X-Min-Position": [b"", b"\xff", b",,,", b"x" * 20_000],
    "If-None-Match": [b"", b"\xff", b"*,", b'"' * 5000],
    "Idempotency-Key": [b"", b"x" * 256, b"\xff"],
    "X-Request-Id": [b"", b"\xff" * 500],
    "traceparent": [b"", b"\xff", b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-00"],
    "Accept": [b"text/html", b"\xff"],
    "Range": [b"bytes=\xff-", b"x"],
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_broken_header_is_no_fault_of_the_server(ana, photo, name) -> None:
    for value in HEADERS[name]:
        headers = [(key, text) for key, text in ana.headers.items() if key != name]
        for method, path, more in (
            ("GET", f"/v1/photos/{photo}", {}),
            ("POST", f"/v1/photos/{photo}/restore", {}),
            ("POST", f"/v1/photos/{photo}/comments", {"json": {"text": ""}}),
        ):
            answer = ana.http.request(method, path, headers=[*headers, (name, value)], **more)
            assert answer.status_code == 304 or answer.is_success or is_problem(answer), (name, value[:50])


def test_a_content_length_that_lies_is_no_fault_of_the_server(ana) -> None:
    target = urlsplit(str(ana.http.base_url))
    for length in ("-1", "x", "9" * 400, "+5", "0x10"):
        with socket.create_connection((target.hostname, target.port)) as connection:
            head = f"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
            connection.sendall(head.encode() + b"{}")
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(65_536)
        assert answer == b"" or answer.split()[1].startswith(b"4"), (length, answer[:200])


@pytest.mark.parametrize(
    "said", [b"BREW /v1/trending HTTP/1.1", b"GET /v1/trending HTTP/9.9", b"\x16\x03\x01", b"hello"]
)
def test_what_is_no_http_is_told_so_by_a_problem(ana, said) -> None:
    target = urlsplit(str(ana.http.base_url))
    with socket.create_connection((target.hostname, target.port), timeout=60) as connection:
        connection.sendall(said + b"\r\nHost: x\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        told = b""
        while piece := connection.recv(65_536):
            told += piece
    head, _, body = told.partition(b"\r\n\r\n")
    lines = head.decode().splitlines()
    assert lines[0] == "HTTP/1.1 400 Bad Request"
    assert {"content-type: application/problem+json", f"content-length: {len(body)}", "connection: close"} <= set(lines)
    assert orjson.loads(body)["code"] == "http_invalid"


def test_the_server_is_well_after_all_of_it(ana) -> None:
    answer = ana.http.post("/v1/sessions", json={"username": ana.username, "password": PASSWORD})
    assert answer.status_code == 201
