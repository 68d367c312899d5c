"""A model beside the cluster: asked by one worker, handed out by another, looked at by a third, found in a search."""

import random
import time

import pytest

from tests.infra.cli.test_detecting import plain
from tests.people import Person, person
from tests.serving import Server

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
SEEN = {"red": "cinnabar", "lime": "verdigris", "blue": "lapis lazuli"}


def found(ana: Person, word: str) -> list[str]:
    params = {"q": word, "from": ana.username}
    return [item["photo_id"] for item in ana.get("/search/photos", params=params)["items"]]


def test_photos_are_found_by_what_the_detection_worker_saw_and_each_was_labelled_once(cluster_server: Server) -> None:
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
