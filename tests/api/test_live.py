"""Live updates, tried through the front door: what is told to whom, and that whoever comes back misses nothing."""

import json
import random
import threading
import time
import uuid
from contextlib import suppress

import httpx
import pytest

from tests.people import Person, person

DEADLINE_S = 60


@pytest.fixture
def people(url):
    def several(how_many: int) -> list[Person]:
        return [person(url, f"l{uuid.uuid4().hex[:10]}") for _ in range(how_many)]

    return several


class Listener:
    """One who listens in a thread, and keeps what they hear."""

    def __init__(self, who: Person, last: str | None = None, *, cuts: int = 0) -> None:
        self._who = who
        self._stop = threading.Event()
        self.last = last
        self.heard: list[tuple[str, dict]] = []
        self.ready = threading.Event()
        self._news = threading.Condition()
        self._draw, self._cuts = random.Random(7), cuts
        self.cut = 0
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        assert self.ready.wait(DEADLINE_S)

    def _listen(self) -> None:
        while not self._stop.is_set():
            headers = {"Authorization": self._who.headers["Authorization"]}
            if self.last is not None:
                headers["Last-Event-ID"] = self.last
            stream = httpx.stream("GET", f"{self._who.http.base_url}/v1/live", headers=headers, timeout=30)
            with suppress(httpx.TransportError), stream as answer:  # the server went: come back, as browsers do
                assert answer.status_code == 200
                assert answer.headers["Content-Type"].startswith("text/event-stream")
                self._read(answer)

    def _read(self, answer: httpx.Response) -> None:
        said: dict[str, str] = {}
        left = self._draw.randint(1, 3) if self.cut < self._cuts else 0
        for line in answer.iter_lines():
            if self._stop.is_set():
                return
            if line:
                name, _, value = line.partition(": ")
                said[name] = value
                continue
            self.last = said.get("id", self.last)
            self.ready.set()
            if "event" in said:
                with self._news:
                    self.heard.append((said["event"], json.loads(said["data"])))
                    self._news.notify_all()
                if left and not (left := left - 1):
                    self.cut += 1
                    return
            said = {}

    def wait(self, kind: str, count: int = 1) -> list[dict]:
        """What was told of a kind, once it is so much."""
        until = time.monotonic() + DEADLINE_S
        with self._news:
            while len(found := [data for name, data in self.heard if name == kind]) < count:
                assert self._news.wait(until - time.monotonic()), (kind, self.heard)
        return found

    def stop(self) -> None:
        self._stop.set()


def test_everyone_is_told_what_concerns_them(people) -> None:
    ana, ben = people(2)
    ben.call("PUT", f"/members/{ana.username}/follow", status=200)
    hers, his = Listener(ana), Listener(ben)
    photo = ana.publish(seed=110)
    ana.ready(photo)
    (seen,) = his.wait("photo")
    assert seen["photo_id"] == photo
    assert ben.call("GET", f"/photos/{photo}", headers={"X-Min-Position": seen["position"]}).status_code == 200
    ben.call("PUT", f"/photos/{photo}/like", status=200)
    (told,) = hers.wait("notification")
    assert (told["kind"], told["photo_id"]) == ("like", photo)
    assert hers.wait("count")[-1]["counts"] == {"likes": 1, "comments": 0}
    ana.call("PATCH", f"/photos/{photo}", json={"audience": "private"}, status=200)
    assert [each["photo_id"] for each in his.wait("removed")] == [photo]
    private = ana.publish(seed=111, audience="private")
    ana.ready(private)
    public = ana.publish(seed=112)
    ana.ready(public)
    assert [each["photo_id"] for each in his.wait("photo", 2)] == [photo, public]
    for each in (hers, his):
        each.stop()


def test_the_muted_are_silent(people) -> None:
    ana, ben, cleo = people(3)
    photo = ana.publish(seed=113)
    ana.ready(photo)
    ana.call("PUT", f"/members/{ben.username}/mute", status=204)
    for one in (ben, cleo):
        one.headers["X-Min-Position"] += f",{ana.headers['X-Min-Position']}"
    hers = Listener(ana)
    ben.call("PUT", f"/photos/{photo}/like", status=200)
    cleo.call("PUT", f"/photos/{photo}/like", status=200)
    hers.wait("count", 2)
    told = hers.wait("notification")
    assert [each["actor_id"] for each in told] == [cleo.get("/me")["member_id"]]
    hers.stop()


@pytest.mark.timeout(300)
def test_a_client_that_is_cut_off_a_hundred_times_misses_and_repeats_nothing(people) -> None:
    ana, ben = people(2)
    photo = ana.publish(seed=114)
    ana.ready(photo)
    ben.headers["X-Min-Position"] += f",{ana.headers['X-Min-Position']}"
    hers = Listener(ana, cuts=100)
    start = len(hers.heard)
    for number in range(200):
        ben.call("POST", f"/photos/{photo}/comments", json={"text": str(number)}, status=201)
    hers.wait("count", 200)
    hers.wait("notification", 200)
    hers.stop()
    counts = [data["counts"]["comments"] for kind, data in hers.heard[start:] if kind == "count"]
    told = [data["position"] for kind, data in hers.heard[start:] if kind == "notification"]
    assert len(counts) == len(told) == len(set(told)) == 200
    assert counts == sorted(counts)
    assert counts[-1] == 200
    assert hers.cut == 100


def test_an_id_that_is_too_old_or_not_ones_own_is_a_gap(people) -> None:
    ana, ben = people(2)
    mine, theirs = Listener(ana), Listener(ben)
    other = theirs.last
    for each in (mine, theirs):
        each.stop()
    for last in (other, "nonsense"):
        hers = Listener(ana, last)
        assert hers.wait("gap") == [{}]
        hers.stop()


def test_it_is_for_members(url) -> None:
    assert httpx.get(f"{url}/v1/live").status_code == 401
