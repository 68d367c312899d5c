"""A random history through the HTTP API against a naive model: every feed, list and count, after every stretch of it."""

import os
import random
import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.people import Person, jpeg, person

MEMBERS = 6
STRETCH = 25
OPERATIONS = int(os.environ.get("FILMROLL_STORY_OPERATIONS", "1000"))


@dataclass
class Naive:
    """What must be shown, kept the plainest way."""

    private: set[str] = field(default_factory=set)
    follows: list[tuple[str, str]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    owner: dict[str, str] = field(default_factory=dict)
    audience: dict[str, str] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    likes: list[tuple[str, str]] = field(default_factory=list)
    comments: list[tuple[str, str, str]] = field(default_factory=list)

    def sees_lists(self, viewer: str, owner: str) -> bool:
        """Whether a member's lists are open to the viewer."""
        return viewer == owner or owner not in self.private or (viewer, owner) in self.follows

    def sees(self, viewer: str, photo: str) -> bool:
        """Whether a photo is."""
        owner = self.owner[photo]
        if photo in self.removed:
            return False
        if viewer == owner:
            return True
        if not self.sees_lists(viewer, owner) or self.audience[photo] == "private":
            return False
        friends = (viewer, owner) in self.follows and (owner, viewer) in self.follows
        return self.audience[photo] == "public" or friends

    def feed(self, viewer: str) -> list[str]:
        """Newest first: one's own and those of whom one follows."""
        return [
            photo
            for photo in sorted(self.owner, reverse=True)
            if self.sees(viewer, photo) and (viewer == self.owner[photo] or (viewer, self.owner[photo]) in self.follows)
        ]

    def photos(self, viewer: str, owner: str) -> list[str]:
        """A member's photos as the viewer sees them."""
        return [
            photo
            for photo in sorted(self.owner, reverse=True)
            if self.owner[photo] == owner and self.sees(viewer, photo)
        ]


class History:
    """Random operations, each done to the server and to the model."""

    def __init__(self, url: str, seed: int) -> None:
        self.dice = random.Random(seed)
        self.model = Naive()
        stem = uuid.uuid4().hex[:6]
        self.people: dict[str, Person] = {}
        for number in range(MEMBERS):
            made = person(url, f"h{stem}{number}")
            made.http.timeout = 60
            self.people[made.username] = made
        self.seed = 0

    def operate(self) -> None:
        """One operation of one member; what is not allowed has to be refused."""
        me = self.people[self.dice.choice(list(self.people))]
        other = self.dice.choice([name for name in self.people if name != me.username])
        seen = [photo for photo in self.model.owner if self.model.sees(me.username, photo)]
        own = [photo for photo in self.model.owner if self.model.owner[photo] == me.username]
        operation = self.dice.choices(
            [
                self.follow,
                self.unfollow,
                self.like,
                self.unlike,
                self.comment,
                self.publish,
                self.remove,
                self.audience,
                self.privacy,
                self.answer,
            ],
            [10, 4, 16, 8, 10, 5 if len(self.model.owner) < 60 else 1, 4, 4, 3, 6],
        )[0]
        operation(me, other, seen, own)

    def follow(self, me: Person, other: str, seen: list[str], own: list[str]) -> None:
        pair = (me.username, other)
        state = me.call("PUT", f"/members/{other}/follow", status=200).json()["state"]
        if pair in self.model.follows or other not in self.model.private:
            assert state == "yes"
            if pair not in self.model.follows:
                self.model.follows.append(pair)
            if pair in self.model.requests:
                self.model.requests.remove(pair)
        else:
            assert state == "requested"
            if pair not in self.model.requests:
                self.model.requests.append(pair)

    def unfollow(self, me: Person, other: str, seen: list[str], own: list[str]) -> None:
        me.call("DELETE", f"/members/{other}/follow", status=200)
        pair = (me.username, other)
        self.model.follows = [each for each in self.model.follows if each != pair]
        self.model.requests = [each for each in self.model.requests if each != pair]

    def answer(self, me: Person, other: str, seen: list[str], own: list[str]) -> None:
        """Accept or decline a request, or remove a follower."""
        pair = (other, me.username)
        match self.dice.randrange(3):
            case 0:
                asked = pair in self.model.requests
                known = asked or pair in self.model.follows
                me.call("PUT", f"/me/follow-requests/{other}", status=204 if known else 404)
                if asked:
                    self.model.requests.remove(pair)
                    self.model.follows.append(pair)
            case 1:
                me.call("DELETE", f"/me/follow-requests/{other}", status=204)
                self.model.requests = [each for each in self.model.requests if each != pair]
            case _:
                me.call("DELETE", f"/me/followers/{other}", status=204)
                self.model.follows = [each for each in self.model.follows if each != pair]

    def privacy(self, me: Person, other: str, seen: list[str], own: list[str]) -> None:
        private = me.username not in self.model.private
        me.call("PATCH", "/me", json={"private": private}, status=200)
        if private:
            self.model.private.add(me.username)
            return
        self.model.private.discard(me.username)
        accepted = [pair for pair in self.model.requests if pair[1] == me.username]
        self.model.requests = [pair for pair in self.model.requests if pair not in accepted]
        self.model.follows += accepted

    def publish(self, me: Person, other: str, seen: list[str], own: list[str]) -> None:
        self.seed += 1
        audience = self.dice.choice(["public", "public", "friends", "private"])
        photo = me.publish(jpeg(self.seed, (32, 24)), audience=audience)
        assert me.ready(photo)["status"] == "ready"
        self.model.owner[photo] = me.username
        self.model.audience[photo] = audience

    def remove(self, me: Person, other: str, seen: list[str], own: list[str]) -> None:
        """Into the trash, or back from it."""
        if not own:
            return
        photo = self.dice.choice(own)
        if photo in self.model.removed and self.dice.random() < 0.6:
            me.call("POST", f"/photos/{photo}/restore", status=200)
            self.model.removed.discard(photo)
        else:
            me.call("DELETE", f"/photos/{photo}", status=204)
            self.model.removed.add(photo)

    def audience(self, me: Person, other: str, seen: list[str], own: list[str]) -> None:
        if own:
            photo = self.dice.choice(own)
            audience = self.dice.choice(["public", "friends", "private"])
            gone = photo in self.model.removed
            me.call("PATCH", f"/photos/{photo}", json={"audience": audience}, status=404 if gone else 200)
            if not gone:
                self.model.audience[photo] = audience

    def like(self, me: Person, other: str, seen: list[str], own: list[str]) -> None:
        if self.model.owner:
            photo = self.dice.choice(list(self.model.owner))
            me.call("PUT", f"/photos/{photo}/like", status=200 if photo in seen else 404)
            if photo in seen and (photo, me.username) not in self.model.likes:
                self.model.likes.append((photo, me.username))

    def unlike(self, me: Person, other: str, seen: list[str], own: list[str]) -> None:
        if self.model.likes:
            photo, _ = self.dice.choice(self.model.likes)
            me.call("DELETE", f"/photos/{photo}/like", status=200 if photo in seen else 404)
            if photo in seen:
                self.model.likes = [like for like in self.model.likes if like != (photo, me.username)]

    def comment(self, me: Person, other: str, seen: list[str], own: list[str]) -> None:
        mine = [comment for comment in self.model.comments if comment[2] == me.username]
        if mine and self.dice.random() < 0.3:
            gone = self.dice.choice(mine)
            me.call("DELETE", f"/comments/{gone[1]}", status=204)
            self.model.comments.remove(gone)
        elif self.model.owner:
            photo = self.dice.choice(list(self.model.owner))
            answer = me.call(
                "POST", f"/photos/{photo}/comments", json={"text": "hm"}, status=201 if photo in seen else 404
            )
            if photo in seen:
                self.model.comments.append((photo, answer.json()["comment_id"], me.username))

    def compare(self) -> None:
        """Everything that every member sees, at a position that covers all that was done."""
        everything = ",".join(one.headers["X-Min-Position"] for one in self.people.values())
        for name, me in self.people.items():
            me.headers["X-Min-Position"] = everything
            feed = me.walk("/feed", limit=self.dice.choice([1, 7, 100]) if len(self.model.feed(name)) < 30 else 100)
            assert [photo["photo_id"] for photo in feed] == self.model.feed(name), name
            for photo in feed:
                self.compare_photo(me, photo)
            other = self.dice.choice(list(self.people))
            self.compare_member(me, other)
            requests = [pair[0] for pair in reversed(self.model.requests) if pair[1] == name]
            assert sorted(usernames(me.walk("/me/follow-requests"))) == sorted(requests)
        sample = self.dice.sample(sorted(self.model.owner), min(3, len(self.model.owner)))
        for photo in sample:
            for name, me in self.people.items():
                me.call("GET", f"/photos/{photo}", status=200 if self.model.sees(name, photo) else 404)

    def compare_photo(self, me: Person, photo: dict[str, Any]) -> None:
        photo_id = photo["photo_id"]
        likes = [member for liked, member in self.model.likes if liked == photo_id]
        comments = [comment for on, comment, _ in self.model.comments if on == photo_id]
        assert photo["counts"] == {"likes": len(likes), "comments": len(comments), "views": 0}, photo_id
        assert photo["viewer"]["liked"] is (me.username in likes)
        if self.dice.random() < 0.2:
            assert usernames(me.walk(f"/photos/{photo_id}/likes", limit=2)) == likes[::-1]
            assert [each["comment_id"] for each in me.walk(f"/photos/{photo_id}/comments", limit=3)] == sorted(comments)

    def compare_member(self, me: Person, other: str) -> None:
        member = me.get(f"/members/{other}")
        photos = self.model.photos(me.username, other)
        followers = [pair[0] for pair in self.model.follows if pair[1] == other]
        following = [pair[1] for pair in self.model.follows if pair[0] == other]
        counts = {"photos": len(photos), "followers": len(followers), "following": len(following)}
        assert member["counts"] == counts, (me.username, other)
        if not self.model.sees_lists(me.username, other):
            me.call("GET", f"/members/{other}/photos", status=403)
            me.call("GET", f"/members/{other}/followers", status=403)
            return
        assert [photo["photo_id"] for photo in me.walk(f"/members/{other}/photos", limit=7)] == photos
        assert sorted(usernames(me.walk(f"/members/{other}/followers", limit=2))) == sorted(followers)
        assert sorted(usernames(me.walk(f"/members/{other}/following", limit=2))) == sorted(following)


def usernames(cards: list[dict[str, Any]]) -> list[str]:
    return [card["username"] for card in cards]


@pytest.mark.timeout(1200)
def test_a_random_history_shows_what_a_naive_model_says(any_url: str) -> None:
    history = History(any_url, seed=7)
    for number in range(1, OPERATIONS + 1):
        history.operate()
        if number % STRETCH == 0:
            history.compare()
    history.compare()
