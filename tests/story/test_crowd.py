"""Fifty clients at once: at one photo, what is counted is what is listed; with one key, what is done is done once."""

import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.people import Person, jpeg, person

MEMBERS = 10
CLIENTS = 50
TURNS = 12


def test_fifty_clients_like_and_unlike_one_photo_and_its_count_is_its_list(any_url: str) -> None:
    tag = f"{random.randrange(10**9):09d}"
    members = [person(any_url, f"crowd{tag}{number}") for number in range(MEMBERS)]
    photo = members[0].publish(jpeg(900))
    members[0].ready(photo)
    together = threading.Barrier(CLIENTS)

    def client(number: int) -> str:
        """Clients of the same member disagree all the time; gives the token of the last thing done."""
        dice = random.Random(number)
        own = dict(members[number % MEMBERS].headers)
        with httpx.Client(base_url=any_url, timeout=120) as http:
            me = Person(http, "", own)
            together.wait(timeout=120)
            for _ in range(TURNS):
                liked = dice.random() < 0.6
                answer = me.call("PUT" if liked else "DELETE", f"/photos/{photo}/like")
                assert answer.status_code == 200, answer.text
                assert answer.json() == {"liked": liked}
        return me.headers["X-Min-Position"]

    with ThreadPoolExecutor(CLIENTS) as crowd:
        tokens = list(crowd.map(client, range(CLIENTS)))
    for start in range(0, CLIENTS, 10):  # a header of fifty tokens would be too long
        members[0].headers["X-Min-Position"] = ",".join(
            [members[0].headers["X-Min-Position"], *tokens[start : start + 10]]
        )
        members[0].headers["X-Min-Position"] = (
            members[0].call("PATCH", "/me", json={}, status=200).headers["X-Position"]
        )
    likes = [card["username"] for card in members[0].walk(f"/photos/{photo}/likes", limit=3)]
    assert len(likes) == len(set(likes))
    assert members[0].get(f"/photos/{photo}")["counts"]["likes"] == len(likes)
    for one in members:
        one.headers["X-Min-Position"] = members[0].headers["X-Min-Position"]
        assert one.get(f"/photos/{photo}")["viewer"]["liked"] is (one.username in likes)


def test_fifty_clients_repeat_one_comment_at_once_and_it_is_written_once(any_url: str) -> None:
    tag = f"{random.randrange(10**9):09d}"
    me = person(any_url, f"echo{tag}")
    photo = me.publish(jpeg(901))
    me.ready(photo)
    together = threading.Barrier(CLIENTS)
    headers = me.headers | {"Idempotency-Key": tag}

    def client(_: int) -> httpx.Response:
        with httpx.Client(base_url=any_url, timeout=120) as http:
            together.wait(timeout=120)
            while True:
                answer = http.post(f"/v1/photos/{photo}/comments", headers=headers, json={"text": "once"})
                if answer.status_code != httpx.codes.CONFLICT:
                    return answer
                assert answer.json()["code"] == "in_flight"

    with ThreadPoolExecutor(CLIENTS) as crowd:
        answers = list(crowd.map(client, range(CLIENTS)))
    assert {answer.status_code for answer in answers} == {201}
    (comment_id,) = {answer.json()["comment_id"] for answer in answers}
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    me.headers["X-Min-Position"] = answers[0].headers["X-Position"]
    assert [comment["comment_id"] for comment in me.walk(f"/photos/{photo}/comments")] == [comment_id]
    own = me.call("GET", "/me/export", status=200).text.splitlines()
    assert sum(json.loads(line).get("event_type") == "comment.written.v1" for line in own) == 1
