"""Walks through lists, page by page: one sequence whatever the size of pages, and whatever comes and goes meanwhile."""

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tests.people import Person, jpeg, person

STAY = 8
"""Members who stay for as long as anybody walks."""
STAND = 5
"""Photos of each author that do so."""
COME = 3
"""Members who come and go, and photos of each author that do so."""
CHANGES = 300
"""So much changes at least while walks are made."""
DEADLINE_S = 120


@dataclass(frozen=True)
class List:
    """A list that somebody walks through, by what its items are told apart; `sizes` of pages that are tried."""

    path: str
    key: str = "photo_id"
    who: str = "reader"
    params: dict[str, str] = field(default_factory=dict)
    sizes: tuple[int, ...] = (1, 7, 100)
    fixed: bool = True
    """Whether what stays has the same order in each walk; in ranked lists likes change it from one to the next."""
    whole: bool = True
    """Whether it holds all that stays."""


@dataclass
class Place:
    """Two authors, members who stay and some who come and go, and all that they make."""

    url: str
    stem: str = field(default_factory=lambda: uuid.uuid4().hex[:8])

    def __post_init__(self) -> None:
        self.authors = [self._person(f"author{number}") for number in range(2)]
        self.staying = [self._person(f"stay{number}") for number in range(STAY)]
        self.coming = [self._person(f"come{number}") for number in range(COME)]
        self.people = {"reader": self._person("reader"), "stranger": self._person("stranger")}
        self.photos = {one.username: self._published(one, STAND + COME) for one in self.authors}
        self.first = self.photos[self.authors[0].username][0]
        self.everybody = [*self.authors, *self.staying, *self.coming, *self.people.values()]
        self.know()
        for one in (*self.staying, *self.people.values()):
            if one is not self.people["stranger"]:
                for author in self.authors:
                    one.call("PUT", f"/members/{author.username}/follow", status=200)
        self.comments: set[str] = set()
        for one in self.staying:
            one.call("PUT", f"/photos/{self.first}/like", status=200)
            answer = one.call("POST", f"/photos/{self.first}/comments", json={"text": "It stays"}, status=201)
            self.comments.add(answer.json()["comment_id"])
            self.authors[0].call("PUT", f"/members/{one.username}/follow", status=200)
        self.know()

    def _person(self, name: str) -> Person:
        return person(self.url, f"w{self.stem}{name}", first_name=f"Walk{self.stem}")

    def _published(self, author: Person, number: int) -> list[str]:
        made = [
            author.publish(jpeg(seed, (32, 24)), caption=f"walk{self.stem}", tags=[f"walk{self.stem}"])
            for seed in range(700, 700 + number)
        ]
        for photo in made:
            author.ready(photo)
        return made

    def know(self) -> None:
        """Let everyone read what everyone has done."""
        first, *others = self.everybody
        for one in others:  # one by one, as tokens of many logs are long
            first.headers["X-Min-Position"] += f",{one.headers['X-Min-Position']}"
            first.headers["X-Min-Position"] = first.call("PATCH", "/me", json={}, status=200).headers["X-Position"]
        for one in others:
            one.headers["X-Min-Position"] = first.headers["X-Min-Position"]

    def lists(self) -> dict[str, List]:
        """Every list that is long enough to be walked through."""
        author, word = self.authors[0].username, f"walk{self.stem}"
        return {
            "feed": List("/feed"),
            "ranked feed": List("/feed", params={"order": "ranked"}, fixed=False),
            "likes": List(f"/photos/{self.first}/likes", "username"),
            "comments": List(f"/photos/{self.first}/comments", "comment_id"),
            "followers": List(f"/members/{author}/followers", "username"),
            "following": List(f"/members/{author}/following", "username"),
            "member's photos": List(f"/members/{author}/photos"),
            "tag": List(f"/tags/{word}"),
            "search for photos": List("/search/photos", params={"q": word}),
            "filtered search": List("/search/photos", params={"q": word, "from": author, "tag": word}),
            "search for members": List("/search/members", "username", params={"q": word}),
            "explore": List("/explore", who="stranger", sizes=(7, 100), fixed=False),
            "trending": List("/trending", who="stranger", params={"window": "1h"}, fixed=False, whole=False),
        }

    def keeps(self, item: str) -> bool:
        """Whether it is of here, and stays: a photo, a member or a comment."""
        photos = {photo for author in self.authors for photo in self._stable(author)}
        return item in photos | {one.username for one in self.staying} | self.comments

    def walk(self, through: List, limit: int) -> list[str]:
        """What stands in a list, page by page."""
        items = self.people[through.who].walk(through.path, limit=limit, **through.params)
        return [str(item[through.key]) for item in items]

    @contextmanager
    def unrest(self) -> Iterator["Unrest"]:
        """Members and photos come and go for as long as this lasts."""
        unrest = Unrest()
        acts = [
            *(self._come_and_go(one) for one in self.coming),
            *(self._publish_and_hide(one) for one in self.authors),
        ]
        threads = [threading.Thread(target=unrest.run, args=(act, number)) for number, act in enumerate(acts)]
        for thread in threads:
            thread.start()
        try:
            yield unrest
        finally:
            unrest.over.set()
            for thread in threads:
                thread.join(DEADLINE_S)
        assert unrest.wrong == []

    def _come_and_go(self, me: Person) -> Callable[[random.Random], None]:
        """Follow, like and comment, and take it back."""
        said: list[str] = []

        def act(dice: random.Random) -> None:
            author, photo = (
                dice.choice(self.authors).username,
                dice.choice([self.first, *self._stable(self.authors[1])]),
            )
            method = dice.choice(["PUT", "DELETE"])
            match dice.randrange(4):
                case 0:
                    me.call(method, f"/members/{author}/follow", status=200)
                    self.authors[0].call(method, f"/members/{me.username}/follow", status=200)
                case 1 | 2:
                    me.call(method, f"/photos/{photo}/like", status=200)
                case _ if said:
                    me.call("DELETE", f"/comments/{said.pop()}", status=204)
                case _:
                    text = {"text": "It goes"}
                    answer = me.call("POST", f"/photos/{self.first}/comments", json=text, status=201)
                    said.append(answer.json()["comment_id"])

        return act

    def _publish_and_hide(self, me: Person) -> Callable[[random.Random], None]:
        """Take photos away in one way or another, and bring them back."""
        gone: set[str] = set()

        def act(dice: random.Random) -> None:
            photo = dice.choice(self.photos[me.username][-COME:])
            if photo in gone:
                me.call("POST", f"/photos/{photo}/restore", status=200)
                gone.discard(photo)
            elif dice.random() < 0.4:
                me.call("DELETE", f"/photos/{photo}", status=204)
                gone.add(photo)
            else:
                audience = dice.choice(["public", "private", "friends"])
                me.call("PATCH", f"/photos/{photo}", json={"audience": audience}, status=200)

        return act

    def _stable(self, author: Person) -> list[str]:
        return self.photos[author.username][:-COME]


@dataclass
class Unrest:
    """What has changed so far."""

    over: threading.Event = field(default_factory=threading.Event)
    changes: int = 0
    wrong: list[BaseException] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def run(self, act: Callable[[random.Random], None], seed: int) -> None:
        """Do it again and again until it is over."""
        dice = random.Random(seed)
        try:
            while not self.over.is_set():
                act(dice)
                with self._changed:
                    self.changes += 1
        except BaseException as error:
            self.wrong.append(error)
            raise


@pytest.fixture(scope="module")
def places() -> dict[str, Place]:
    return {}


@pytest.fixture
def place(any_url: str, places: dict[str, Place]) -> Place:
    """Made once for each profile."""
    if any_url not in places:
        places[any_url] = Place(any_url)
    return places[any_url]


def test_pages_of_1_7_and_100_give_one_sequence(place: Place) -> None:
    for what, through in place.lists().items():
        walks = [place.walk(through, size) for size in through.sizes]
        assert len(walks[0]) > (7 if through.whole else 5), what
        assert len(walks[0]) == len(set(walks[0])), what
        if what == "explore":  # of an author no more than three stand on a page
            walks = [sorted(walk) for walk in walks]
        assert all(walk == walks[0] for walk in walks), what


def test_no_walk_repeats_or_skips_anything_while_items_come_and_go(place: Place) -> None:
    passing = {*(one.username for one in place.coming)}
    for photos in place.photos.values():
        passing.update(photos[-COME:])
    lists = place.lists()
    stays = {what: [each for each in place.walk(lists[what], 100) if place.keeps(each)] for what in lists}
    until, came = time.monotonic() + DEADLINE_S, set()
    with place.unrest() as unrest:
        while unrest.changes < CHANGES or came != passing:
            assert time.monotonic() < until, (unrest.changes, passing - came)
            for what, through in lists.items():
                for size in through.sizes[:2]:
                    seen = place.walk(through, size)
                    assert len(seen) == len(set(seen)), (what, size, seen)
                    stayed = [each for each in seen if each in stays[what]]
                    if through.fixed:
                        assert stayed == stays[what], (what, size)
                    elif through.whole:
                        assert sorted(stayed) == sorted(stays[what]), (what, size)
                    came.update(passing & set(seen))
                    assert not unrest.wrong
