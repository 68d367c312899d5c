"""Leaving for good: nobody sees the member any more, and nothing of theirs is left in clear."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from projections.catalogue import CATALOGUE
from tests.infra.cli.running import say
from tests.people import LOOK_S, PASSWORD, Person, jpeg, person
from tests.scanning import found_in
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


def life(ana: Person, ben: Person) -> None:
    """Everything that holds a word of Ana's."""
    ana.call("PATCH", "/me", json={"bio": "I like ptarmigan"}, status=200)
    photo = ana.publish(
        jpeg(3),
        caption="A zabaglione #thingamajig @whippersnapper",
        tags=["widdershins"],
        alt_text="kerfuffle",
        place="marzipan",
    )
    ana.ready(photo)
    album = ana.call("POST", "/albums", json={"title": "gallimaufry"}, status=201).json()["album_id"]
    ana.call("PUT", f"/albums/{album}/photos/{photo}", status=204)
    ana.call("POST", f"/albums/{album}/shares", json={}, status=201)
    other = ben.publish(jpeg(4))
    ben.ready(other)
    ana.headers["X-Min-Position"] += f",{ben.headers['X-Min-Position']}"
    ana.call("PUT", f"/photos/{other}/like", status=200)
    ana.call("POST", f"/photos/{other}/comments", json={"text": "bumbershoot @whippersnapper"}, status=201)
    ana.call("PUT", f"/members/{ben.username}/follow", status=200)
    ben.call("PUT", f"/members/{ana.username}/follow", status=200)
    ana.get("/search/photos", params={"q": "zabaglione"})
    assert ana.get("/tags/trending", params={"limit": 1})["next_cursor"]  # the list is kept for its cursor


def close(ana: Person) -> str:
    refused = ana.call("DELETE", "/me", json={"password": "not the password"}, status=403)
    assert refused.json()["code"] == "bad_password"
    return str(ana.call("DELETE", "/me", json={"password": PASSWORD}, status=202).json()["report_url"])


def report(url: str, state: str = "finished", deadline_s: float = 60) -> dict:
    until, pause = time.monotonic() + deadline_s, threading.Event()
    with httpx.Client() as http:
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
