"""A random history with moderators in it, and what everybody saw and why, written down as it went."""

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from streams.explaining import Rule
from tests.people import PASSWORD, Person, anyone
from tests.story.history import WEIGHTS, History
from tests.story.naive import Naive, Pair

T = TypeVar("T")

SPELL = 6
"""Operations while something is taken down: nothing is done then to the photo, or by the member, that is gone."""
MEANWHILE = (
    "follow",
    "unfollow",
    "answer",
    "privacy",
    "block",
    "unblock",
    "mute",
    "unmute",
    "like",
    "unlike",
    "comment",
)
ANYONE = ""


@dataclass
class Look:
    """What the API answered at a moment, and what the naive model had to say of it.

    Feeds are by reader; profiles by viewer (`ANYONE` without a login) and member, None for a member not shown.
    """

    at: datetime
    feeds: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    profiles: dict[Pair, dict[str, Any] | None] = field(default_factory=dict)
    reasons: dict[Pair, Rule] = field(default_factory=dict)


class Hindsight:
    """Lives a history, and remembers in which order photos were published and follows began."""

    def __init__(self, history: History, judge: Person) -> None:
        self.history = history
        self.judge = judge
        self.looks: list[Look] = []
        self.closed: set[str] = set()
        self._dice = random.Random(5)
        self._turn = 0
        self._published: dict[str, int] = {}
        self._began: dict[Pair, int] = {}

    @property
    def model(self) -> Naive:
        """What is true."""
        return self.history.model

    def live(self, operations: int) -> None:
        """Some operations, and a look at what they came to."""
        for _ in range(operations):
            self._operate()
        self.look()

    def _operate(self) -> None:
        self.history.operate()
        self._turn += 1
        for photo in self.model.owner:
            self._published.setdefault(photo, self._turn)
        self._began = {pair: self._began.get(pair, self._turn) for pair in self.model.follows}

    def _one(self, of: Callable[[], Iterable[T]]) -> T:
        """One of these, as soon as there are any."""
        while not (found := list(of())):
            self._operate()
        return self._dice.choice(found)

    def _followed(self) -> Iterable[str]:
        return [followed for _, followed in self.model.follows]

    def _held(self) -> Iterable[str]:
        """Photos in somebody else's feed."""
        owner = self.model.owner
        return [photo for name in self.history.names for photo in self.model.feed(name) if owner[photo] != name]

    def suspend(self, what: Callable[[], AbstractContextManager[str]]) -> None:
        """Have something taken down, live on without it, and have it shown again."""
        with what() as subject:
            self._judge("PUT", subject)
            weights, self.history.weights = self.history.weights, {name: WEIGHTS[name] for name in MEANWHILE}
            self.look()
            self.live(SPELL)
            self._judge("DELETE", subject)
            self.history.weights = weights
        self.look()

    def _judge(self, method: str, subject: str) -> None:
        self.judge.call(method, f"/moderation/takedowns/{subject}", status=204)
        token = self.judge.headers["X-Min-Position"]
        for one in self.history.people.values():
            one.headers["X-Min-Position"] = f"{one.headers['X-Min-Position']},{token}"

    @contextmanager
    def photo(self) -> Iterator[str]:
        """A photo that somebody else has in their feed."""
        photo = self._one(self._held)
        self.model.down.add(photo)
        yield f"photo:{photo}"
        self.model.down.discard(photo)

    @contextmanager
    def member(self) -> Iterator[str]:
        """A member whom somebody follows; nobody else has to do with them while they are gone."""
        name = self._one(self._followed)
        subject = self.history.people[name].get("/me")["member_id"]
        self.model.down.add(name)
        self.history.names.remove(name)
        yield f"member:{subject}"
        self.history.names.append(name)
        self.model.down.discard(name)

    @contextmanager
    def comment(self) -> Iterator[str]:
        """Some comment."""
        comment = self._one(self.model.comments.values)
        del self.model.comments[comment.comment_id]
        yield f"comment:{comment.comment_id}"
        self.model.comments[comment.comment_id] = comment

    def leave(self) -> None:
        """A member whom somebody follows closes their account."""
        name = self._one(self._followed)
        self.history.people[name].call("DELETE", "/me", json={"password": PASSWORD}, status=202)
        token = self.history.people[name].headers["X-Min-Position"]
        self.history.names.remove(name)
        for other in self.history.names:
            self.history.people[other].headers["X-Min-Position"] += f",{token}"
        self.closed.add(name)
        self.model.down.add(name)
        self.look()

    def look(self) -> None:
        """Write down what everybody sees."""
        readers = self.history.names
        token = self._token()
        feeds, profiles = {}, {}
        for name in readers:
            me = self.history.people[name]
            me.headers["X-Min-Position"] = token
            feeds[name] = me.walk("/feed")
            assert [photo["photo_id"] for photo in feeds[name]] == self.model.feed(name), name
            for other in self.history.people:
                profiles[name, other] = _shown(me, other)
        nobody = Person(anyone(self.history.url), ANYONE, {"X-Min-Position": token})
        profiles |= {(ANYONE, other): _shown(nobody, other) for other in self.history.people}
        reasons = {(name, photo): self.reason(name, photo) for name in readers for photo in self.model.owner}
        self.looks.append(Look(datetime.now(UTC), feeds, profiles, reasons))

    def _token(self) -> str:
        """One that covers all that was done."""
        first, *others = (self.history.people[name] for name in self.history.names)
        first.headers["X-Min-Position"] = ",".join(one.headers["X-Min-Position"] for one in (first, *others))
        return first.call("PATCH", "/me", json={}, status=200).headers["X-Position"]

    def reason(self, viewer: str, photo: str) -> Rule:
        """Why a photo is, or is not, in a feed, as the naive model has it."""
        model, owner = self.model, self.model.owner[photo]
        pair = (viewer, owner)
        for holds, rule in (
            (photo in model.trash, Rule.REMOVED),
            (photo in model.down, Rule.TAKEN_DOWN),
            (owner in self.closed, Rule.CLOSED),
            (owner in model.down, Rule.OWNER_TAKEN_DOWN),
            (viewer == owner, Rule.OWN),
            (model.apart(*pair), Rule.BLOCKED),
            (pair in model.requests, Rule.REQUESTED),
            (pair not in model.follows, Rule.NOT_FOLLOWING),
            (pair in model.mutes, Rule.MUTED),
            (model.audience[photo] == "private", Rule.PRIVATE),
            (model.audience[photo] == "friends" and pair[::-1] not in model.follows, Rule.FRIENDS_ONLY),
        ):
            if holds:
                return rule
        return Rule.FOLLOWED_LATER if self._began[pair] > self._published[photo] else Rule.FOLLOWED


def _shown(viewer: Person, other: str) -> dict[str, Any] | None:
    answer = viewer.call("GET", f"/members/{other}")
    assert answer.status_code in {200, 404}, answer.text
    return dict(answer.json()) if answer.status_code == 200 else None
