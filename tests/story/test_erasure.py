"""Leaving for good: nobody sees the member any more, and nothing of theirs is left in clear."""

import os
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from projections.catalogue import CATALOGUE
from tests.infra.cli.running import say
from tests.people import LOOK_S, PASSWORD, Person, jpeg, person
from tests.scanning import data_of, found_in
from tests.servers import Servers
from tests.serving import Server

WORDS = (
    "Quillfeather",
    "Vandersloot",
    "ptarmigan",
    "zabaglione",
    "kerfuffle",
    "marzipan",
    "gallimaufry",
    "bumbershoot",
    "thingamajig",
    "whippersnapper",
    "widdershins",
)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "data", environment={"FILMROLL_ERASE_AFTER_S": "0.5"}).start()
    yield made
    made.stop()


def life(ana: Person, ben: Person, mark: str = "") -> str:
    """Everything that holds a word of Ana's, each of which ends with the mark; gives a photo of Ben's."""
    ana.call("PATCH", "/me", json={"bio": f"I like ptarmigan{mark}"}, status=200)
    photo = ana.publish(
        jpeg(3),
        caption=f"A zabaglione{mark} #thingamajig{mark} @whippersnapper{mark}",
        tags=[f"widdershins{mark}"],
        alt_text=f"kerfuffle{mark}",
        place=f"marzipan{mark}",
    )
    ana.ready(photo)
    album = ana.call("POST", "/albums", json={"title": f"gallimaufry{mark}"}, status=201).json()["album_id"]
    ana.call("PUT", f"/albums/{album}/photos/{photo}", status=204)
    ana.call("POST", f"/albums/{album}/shares", json={}, status=201)
    other = ben.publish(jpeg(4))
    ben.ready(other)
    ana.headers["X-Min-Position"] += f",{ben.headers['X-Min-Position']}"
    ana.call("PUT", f"/photos/{other}/like", status=200)
    comment(ana, other, mark)
    ana.call("PUT", f"/members/{ben.username}/follow", status=200)
    ben.call("PUT", f"/members/{ana.username}/follow", status=200)
    ana.get("/search/photos", params={"q": f"zabaglione{mark}"})
    ana.get("/tags/trending", params={"limit": 1})  # the list is kept for its cursor
    return other


def comment(ana: Person, photo: str, mark: str) -> None:
    said = f"bumbershoot{mark} @whippersnapper{mark}"
    ana.call("POST", f"/photos/{photo}/comments", json={"text": said}, status=201)


def close(ana: Person) -> str:
    refused = ana.call("DELETE", "/me", json={"password": "not the password"}, status=403)
    assert refused.json()["code"] == "bad_password"
    return str(ana.call("DELETE", "/me", json={"password": PASSWORD}, status=202).json()["report_url"])


def report(url: str, state: str = "finished", deadline_s: float = 60) -> dict:
    until, pause = time.monotonic() + deadline_s, threading.Event()
    with httpx.Client(timeout=60) as http:
        while True:
            answer = http.get(url)
            if answer.status_code == 200 and answer.json()["state"] == state:
                return dict(answer.json())
            assert time.monotonic() < until, answer.text
            pause.wait(LOOK_S)


@pytest.mark.timeout(240)
def test_whoever_leaves_is_hidden_at_once_and_then_erased(own: Server) -> None:
    ana = person(own.url, "quillfeather", first_name="Quillfeather", last_name="Vandersloot")
    ben = person(own.url, "ben")
    life(ana, ben)
    assert ana.get("/tags/trending", params={"limit": 1})["next_cursor"]
    assert found_in(own.data, *WORDS)
    url = close(ana)
    assert httpx.get(f"{own.url}/v1/members/quillfeather").status_code == 404
    assert ana.call("GET", "/me").status_code == 401
    assert (
        httpx.post(f"{own.url}/v1/sessions", json={"username": "quillfeather", "password": PASSWORD}).status_code == 401
    )
    done = report(url)
    assert done["withdrawn"] == {"likes": 1, "comments": 1, "follows": 2}
    assert (done["removed"]["photos"], done["removed"]["albums"], done["removed"]["shares"]) == (1, 1, 1)
    assert done["removed"]["files"] > 1
    assert done["shredded"]["keys"] == 1
    assert found_in(own.data, *WORDS) == set()
    for projection in CATALOGUE:
        say("projections", "rebuild", projection.name, "--data", own.data)
        assert "equal" in say("projections", "verify", projection.name, "--data", own.data)
    assert found_in(own.data, *WORDS) == set()
    del ben.headers["X-Min-Position"]
    assert ben.get(f"/members/{ben.username}")["counts"]["followers"] == 0
    (photo,) = ben.walk(f"/members/{ben.username}/photos")
    assert (photo["counts"]["likes"], photo["counts"]["comments"]) == (0, 0)
    body = {
        "username": "quillfeather",
        "email": "new@example.org",
        "password": PASSWORD,
        "first_name": "",
        "last_name": "",
    }
    assert httpx.post(f"{own.url}/v1/members", json=body).json()["code"] == "username_taken"
    assert httpx.get(url[:-1] + ("A" if url[-1] != "A" else "B")).status_code == 404


@pytest.mark.timeout(240)
def test_an_erasure_goes_on_after_a_crash(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", environment={"FILMROLL_ERASE_AFTER_S": "0"}).start()
    try:
        ana, ben = person(server.url, "quillfeather", first_name="Quillfeather"), person(server.url, "ben")
        life(ana, ben)
        path = httpx.URL(close(ana)).path
        os.killpg(server.pid, signal.SIGKILL)
        server.kill()
        server.start()
        report(f"{server.url}{path}")
        assert found_in(server.data, *WORDS) == set()
    finally:
        server.stop()


EMPTIED = ("kafka", "minio", "opensearch", "redis", "postgres-a", "postgres-b", "postgres-a-replica", "cassandra")
KEYS = {"cassandra": ("Quillfeather", "whippersnapper", "thingamajig", "widdershins")}
"""Names that stand in keys: what remembers a deleted row for a day holds them."""
GONE_S = 120
ACTS = 30


@pytest.mark.cluster
@pytest.mark.timeout(600)
def test_no_word_is_left_on_the_servers(cluster_server: Server, stack: Servers) -> None:
    mark = uuid.uuid4().hex[:8]
    words = [f"{word}{mark}".lower() for word in WORDS]
    ana = person(cluster_server.url, words[0], first_name=words[0], last_name=words[1])
    ben = person(cluster_server.url, f"ben{mark}")
    photo = life(ana, ben, mark)
    for number in range(ACTS):
        comment(ana, photo, mark)
        for path in (f"/photos/{photo}/like", f"/members/{ben.username}/follow"):
            for method in ("DELETE", "PUT"):
                ana.call(method, path, status=200)
        ana.call("PATCH", "/me", json={"bio": f"I like ptarmigan{mark} {number}"}, status=200)
    events = ana.call("GET", "/me/export", status=200).text.count("\n")
    assert events > 6 * ACTS
    ana.get(f"/photos/{photo}/comments")  # so that it is there to be found
    assert {f"bumbershoot{mark}", f"ptarmigan{mark}"} < found_in(data_of(stack.root, "cassandra"), *words)
    done = report(close(ana), deadline_s=300)
    assert done["withdrawn"] == {"likes": 1, "comments": ACTS + 1, "follows": 1 + 1}
    assert found_in(cluster_server.data, *words) == set()
    for server in EMPTIED:
        emptied(stack, server, words, {f"{word}{mark}".lower() for word in KEYS.get(server, ())})


def emptied(stack: Servers, server: str, words: list[str], but: set[str]) -> None:
    """Wait until the files of a server hold none of the words but some; Cassandra's are merged by and by."""
    until, pause = time.monotonic() + GONE_S, threading.Event()
    while left := found_in(data_of(stack.root, server), *words) - but:
        assert time.monotonic() < until, (server, left)
        pause.wait(1)
