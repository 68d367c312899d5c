"""A model beside the cluster: asked by one worker, handed out by another, looked at by a third, found in a search."""

import random
import time

import pytest

from infra.stack import control
from tests.infra.cli.running import say
from tests.infra.cli.test_detecting import plain
from tests.people import Person, person
from tests.servers import Servers
from tests.serving import Server

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
SEEN = {"red": "cinnabar", "lime": "verdigris", "blue": "lapis lazuli"}


def found(ana: Person, word: str) -> list[str]:
    params = {"q": word, "from": ana.username}
    return [item["photo_id"] for item in ana.get("/search/photos", params=params)["items"]]


@pytest.fixture
def tools(cluster_server: Server, stack: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tools know the cluster."""
    own = {name: value for name, value in cluster_server.environment.items() if name.startswith("FILMROLL_")}
    environment = control.environment(stack.root) | own | {"FILMROLL_PROFILE": "cluster"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def test_photos_are_found_by_what_the_detection_worker_saw_and_each_was_labelled_once(
    cluster_server: Server, tools: None
) -> None:
    ana = person(cluster_server.url, f"seen{random.randrange(10**9):09d}")
    published = {
        colour: [ana.publish(plain(colour, 2 * number + copy)) for copy in range(2)]
        for number, colour in enumerate(SEEN)
    }
    end = time.monotonic() + 120
    for colour, word in SEEN.items():
        while found(ana, word) != published[colour][::-1]:
            assert time.monotonic() < end, f"not found by {word}: {found(ana, word)}"
    lines = ana.call("GET", "/me/export", status=200).text
    assert lines.count('"photo.labelled.v1"') == 6
    (photo, _) = published["red"]
    data = ("--data", cluster_server.data)
    assert "label        Cinnabar 100%" in say("media", "status", photo, "--personal", *data)
    assert say("media", "detect", "--member", ana.username, *data).startswith("0 photos looked at, 0 left")
