"""`kill -9` under a load of writes, twenty times: what was acknowledged is there, and what is shown equals the log."""

import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from domain.ids import is_id
from tests.people import Person, jpeg, logged_in, person
from tests.rebuilding import rebuilt_differently
from tests.serving import Server

ROUNDS = 20
WRITERS = 6
SECONDS_BETWEEN = (0.2, 0.9)


@dataclass
class Writer:
    """One member who writes on and on, and remembers what was acknowledged."""

    username: str
    photos: list[str]
    likes: dict[str, bool] = field(default_factory=dict)
    uncertain: set[str] = field(default_factory=set)
    comments: dict[str, str] = field(default_factory=dict)
    published: list[str] = field(default_factory=list)

    def run(self, me: Person, dice: random.Random, over: threading.Event) -> None:
        """Write until the server is gone or the round is over."""
        try:
            while not over.is_set():
                self._write(me, dice)
        except (httpx.TransportError, httpx.HTTPStatusError):
            return

    def _write(self, me: Person, dice: random.Random) -> None:
        photo = dice.choice(self.photos)
        match dice.randrange(10):
            case 0:
                upload = me.upload(jpeg(dice.randrange(10**6), (40, 30)))
                answer = me.call("POST", "/photos", json={"upload_id": upload, "caption": "again"}).raise_for_status()
                self.published.append(answer.json()["photo_id"])
            case 1 | 2 | 3:
                text = f"{self.username} {dice.random()}"
                answer = me.call("POST", f"/photos/{photo}/comments", json={"text": text}).raise_for_status()
                self.comments[answer.json()["comment_id"]] = text
            case _:
                liked = not self.likes.get(photo, False)
                self.uncertain.add(photo)
                me.call("PUT" if liked else "DELETE", f"/photos/{photo}/like").raise_for_status()
                self.uncertain.discard(photo)
                self.likes[photo] = liked

    def check(self, me: Person) -> None:
        """Everything that was acknowledged is there."""
        for photo in self.photos:
            liked = me.get(f"/photos/{photo}")["viewer"]["liked"]
            if photo in self.uncertain:  # the kill came between the request and its answer: either is right
                self.uncertain.discard(photo)
                self.likes[photo] = liked
            assert liked == self.likes.get(photo, False), photo
        for photo in self.published:
            assert me.get(f"/photos/{photo}")["owner"]["username"] == self.username
        mine = {
            comment["comment_id"]: comment["text"]
            for photo in self.photos
            for comment in me.walk(f"/photos/{photo}/comments", limit=100)
            if comment["author"]["username"] == self.username
        }
        for comment_id, text in self.comments.items():
            assert is_id(comment_id)
            assert mine[comment_id] == text


@pytest.mark.timeout(600)
def test_nothing_acknowledged_is_lost_by_kill_9(data: Path) -> None:
    dice = random.Random(20)
    server = Server(data, "--logs", "4").start()
    author = person(server.url, "author")
    photos = [author.publish(seed=number) for number in range(4)]
    for photo in photos:
        author.ready(photo)
    for number in range(WRITERS):
        person(server.url, f"writer{number}")
    writers = [Writer(f"writer{number}", photos) for number in range(WRITERS)]

    positions = author.headers["X-Min-Position"]
    for _ in range(ROUNDS):
        over = threading.Event()
        people = [logged_in(server.url, writer.username) for writer in writers]
        threads = [
            threading.Thread(target=writer.run, args=(me, random.Random(dice.random()), over))
            for writer, me in zip(writers, people, strict=True)
        ]
        for thread in threads:
            thread.start()
        moment = time.monotonic() + dice.uniform(*SECONDS_BETWEEN)
        over.wait(max(0.0, moment - time.monotonic()))
        server.kill()
        over.set()
        for thread in threads:
            thread.join()
        server.start()
        for writer, me in zip(writers, people, strict=True):
            again = logged_in(server.url, writer.username)
            again.headers["X-Min-Position"] = f"{me.headers['X-Min-Position']},{positions}"
            writer.check(again)
    assert sum(len(writer.comments) for writer in writers) > ROUNDS

    people = [logged_in(server.url, writer.username) for writer in writers]
    for writer, me in zip(writers, people, strict=True):
        for photo in writer.published:
            assert me.ready(photo)["status"] == "ready"
    server.stop()
    assert rebuilt_differently(data) == []
