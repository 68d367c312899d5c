"""Many at once: one name is given once, one key is answered once."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.people import PASSWORD, person


def registration(username: str, email: str) -> dict[str, Any]:
    return {"username": username, "email": email, "password": PASSWORD, "first_name": "A", "last_name": "B"}


def test_twenty_register_one_name_and_one_gets_it(url: str) -> None:
    name = f"name{uuid.uuid4().hex[:8]}"
    with httpx.Client(base_url=url, timeout=60) as http, ThreadPoolExecutor(20) as threads:
        answers = list(
            threads.map(
                lambda number: http.post("/v1/members", json=registration(name, f"{name}{number}@example.org")),
                range(20),
            )
        )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"username_taken"}


def test_an_address_whose_registration_was_refused_is_free_again(url: str) -> None:
    taken = person(url, f"name{uuid.uuid4().hex[:8]}").username
    fresh = f"name{uuid.uuid4().hex[:8]}"
    with httpx.Client(base_url=url, timeout=60) as http:
        assert http.post("/v1/members", json=registration(taken, f"{fresh}@example.org")).status_code == 409
        assert http.post("/v1/members", json=registration(fresh, f"{fresh}@example.org")).status_code == 201
        again = http.post("/v1/members", json=registration(f"x{fresh}", f"{fresh.upper()}@Example.org"))
    assert (again.status_code, again.json()["code"]) == (409, "email_taken")


def test_fifty_repeats_of_one_key_write_one_comment_and_get_one_answer(url: str) -> None:
    ana = person(url, f"name{uuid.uuid4().hex[:8]}")
    photo = ana.publish(seed=5)
    ana.ready(photo)
    key = {"Idempotency-Key": uuid.uuid4().hex}
    path = f"/photos/{photo}/comments"
    with ThreadPoolExecutor(50) as threads:
        answers = list(
            threads.map(
                lambda _: ana.http.post(f"/v1{path}", json={"text": "once"}, headers={**ana.headers, **key}), range(50)
            )
        )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    ana.headers["X-Min-Position"] = answers[0].headers["X-Position"]
    assert len(ana.walk(path)) == 1
    other = ana.call("POST", path, json={"text": "twice"}, headers=key, status=422)
    assert other.json()["code"] == "idempotency_key_reused"


def test_a_repeated_registration_answers_the_same(url: str) -> None:
    name = f"name{uuid.uuid4().hex[:8]}"
    key = {"Idempotency-Key": uuid.uuid4().hex}
    body = registration(name, f"{name}@example.org")
    with httpx.Client(base_url=url, timeout=60) as http, ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda _: http.post("/v1/members", json=body, headers=key), range(10)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
