"""Random operations, each done to a server and to a naive model, and everything that is shown compared with it."""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from tests.people import Person, jpeg, person
from tests.story.naive import Comment, Naive

AUDIENCES = ("public", "public", "friends", "private")
MOST_PHOTOS = 60
WEIGHTS = {
    "follow": 11,
    "unfollow": 4,
    "answer": 7,
    "privacy": 3,
    "block": 2,
    "unblock": 4,
    "mute": 2,
    "unmute": 2,
    "publish": 4,
    "remove": 3,
    "restore": 3,
    "audience": 4,
    "like": 14,
    "unlike": 8,
    "comment": 8,
    "edit": 3,
    "uncomment": 4,
}


@dataclass
class Steadfast(Person):
    """A member who tries again when the server is gone: `up` returns once it is there again."""

    up: Callable[[], None] = lambda: None

    def call(self, method: str, path: str, *, status: int | None = None, **more: Any) -> httpx.Response:
        """The same request until it is answered; every one in these stories may be repeated."""
        while True:
            try:
                return super().call(method, path, status=status, **more)
            except httpx.TransportError:
                self.up()


class History:
    """Members who do things at random, and what must be true of it all."""

    def __init__(
        self,
        url: str,
        seed: int,
        *,
        members: int = 6,
        weights: dict[str, int] | None = None,
        up: Callable[[], None] = lambda: None,
    ) -> None:
        self.url = url
        self.dice = random.Random(seed)
        self.model = Naive()
        self.done: dict[str, int] = {}
        self.pictures = 0
        self.weights = weights or WEIGHTS
        self.up = up
        self.picture: Callable[[int], bytes] = lambda number: jpeg(number, (32, 24))
        self.said: Callable[[int], dict[str, Any]] = lambda number: {}
        """Each picture that is published, and what is said of it, by its number."""
        self.published: Callable[[Person, str], None] = lambda me, photo: None
        """Called with each photo once it is ready."""
        self.opening = True
        """Whether accounts go public, which lets in all who asked once it is known who did."""
        self.curious = 0.5
        """How often somebody looks right after what restricts."""
        stem = uuid.uuid4().hex[:6]
        self.people: dict[str, Steadfast] = {}
        for number in range(members):
            made = person(url, f"h{stem}{number}")
            made.http.timeout = httpx.Timeout(60)
            self.people[made.username] = Steadfast(made.http, made.username, made.headers, up)
        self.names = list(self.people)

    def operate(self) -> None:
        """One operation of one member; what is not allowed has to be refused."""
        me, other = (self.people[name] for name in self.dice.sample(self.names, 2))
        (operation,) = self.dice.choices(list(self.weights), list(self.weights.values()))
        self.done[operation] = self.done.get(operation, 0) + 1
        getattr(self, operation)(me, other.username)

    # following

    def follow(self, me: Person, other: str) -> None:
        path, pair = f"/members/{other}/follow", (me.username, other)
        if self.model.apart(*pair):
            me.call("PUT", path, status=404)
        else:
            state = me.call("PUT", path, status=200).json()["state"]
            assert state == self.model.follow(pair), pair

    def unfollow(self, me: Person, other: str) -> None:
        pair = (me.username, other)
        me.call("DELETE", f"/members/{other}/follow", status=200 if self.model.sees_profile(*pair) else 404)
        self.model.unfollow(pair)
        self.glance(me)

    def answer(self, me: Person, other: str) -> None:
        """Accept or decline a request, or remove a follower."""
        pair = (other, me.username)
        match self.dice.randrange(3):
            case 0:
                asked = pair in self.model.requests
                known = asked or pair in self.model.follows
                me.call("PUT", f"/me/follow-requests/{other}", status=204 if known else 404)
                if asked:
                    self.model.unfollow(pair)
                    self.model.follows.append(pair)
            case 1:
                me.call("DELETE", f"/me/follow-requests/{other}", status=204)
                self.model.unfollow(pair, only_requests=True)
            case _:
                me.call("DELETE", f"/me/followers/{other}", status=204)
                self.model.follows = [each for each in self.model.follows if each != pair]
                self.glance(self.people[other])

    def privacy(self, me: Person, other: str) -> None:
        private = me.username not in self.model.private
        if not private and not self.opening:
            return
        me.call("PATCH", "/me", json={"private": private}, status=200)
        if private:
            self.model.private.add(me.username)
        else:
            self.model.go_public(me.username)
        self.glance(self.people[other])

    def block(self, me: Person, other: str) -> None:
        me.call("PUT", f"/members/{other}/block", status=204)
        self.model.block((me.username, other))
        self.glance(me)
        self.glance(self.people[other])

    def unblock(self, me: Person, other: str) -> None:
        standing = [pair for pair in self.model.blocks if pair[0] == me.username]
        pair = self.dice.choice(standing) if standing else (me.username, other)
        me.call("DELETE", f"/members/{pair[1]}/block", status=204)
        self.model.blocks = [each for each in self.model.blocks if each != pair]

    def mute(self, me: Person, other: str) -> None:
        pair = (me.username, other)
        seen = self.model.sees_profile(*pair)
        me.call("PUT", f"/members/{other}/mute", status=204 if seen else 404)
        if seen and pair not in self.model.mutes:
            self.model.mutes.append(pair)
        self.glance(me)

    def unmute(self, me: Person, other: str) -> None:
        standing = [pair for pair in self.model.mutes if pair[0] == me.username]
        pair = self.dice.choice(standing) if standing else (me.username, other)
        me.call("DELETE", f"/members/{pair[1]}/mute", status=204)
        self.model.mutes = [each for each in self.model.mutes if each != pair]

    # photos

    def publish(self, me: Person, other: str) -> None:
        if len(self.model.owner) >= MOST_PHOTOS and self.dice.random() < 0.9:
            return
        self.pictures += 1
        audience = self.dice.choice(AUDIENCES)
        content = self.picture(self.pictures)
        while True:
            try:
                upload = me.upload(content)
                break
            except httpx.TransportError:
                self.up()
        said = {"upload_id": upload, "audience": audience, **self.said(self.pictures)}
        photo = me.call("POST", "/photos", json=said, status=202).json()["photo_id"]
        assert me.ready(photo)["status"] == "ready"
        self.model.owner[photo] = me.username
        self.model.audience[photo] = audience
        self.published(me, photo)

    def remove(self, me: Person, other: str) -> None:
        if photo := self._one([photo for photo, owner in self.model.owner.items() if owner == me.username]):
            me.call("DELETE", f"/photos/{photo}", status=204)
            if photo not in self.model.trash:
                self.model.trash.append(photo)
            self.glance(self.people[other])

    def restore(self, me: Person, other: str) -> None:
        if photo := self._one(self.model.trash):
            mine = self.model.owner[photo] == me.username
            me.call("POST", f"/photos/{photo}/restore", status=200 if mine else 404)
            if mine:
                self.model.trash.remove(photo)

    def audience(self, me: Person, other: str) -> None:
        if photo := self._one([photo for photo, owner in self.model.owner.items() if owner == me.username]):
            audience = self.dice.choice(AUDIENCES)
            gone = photo in self.model.trash
            me.call("PATCH", f"/photos/{photo}", json={"audience": audience}, status=404 if gone else 200)
            if not gone:
                self.model.audience[photo] = audience
            self.glance(self.people[other])

    # reactions

    def like(self, me: Person, other: str) -> None:
        if photo := self._one(list(self.model.owner)):
            seen = self.model.sees(me.username, photo)
            me.call("PUT", f"/photos/{photo}/like", status=200 if seen else 404)
            if seen and (photo, me.username) not in self.model.likes:
                self.model.likes.append((photo, me.username))

    def unlike(self, me: Person, other: str) -> None:
        if self.model.likes:
            photo, _ = self.dice.choice(self.model.likes)
            seen = self.model.sees(me.username, photo)
            me.call("DELETE", f"/photos/{photo}/like", status=200 if seen else 404)
            if seen:
                self.model.likes = [like for like in self.model.likes if like != (photo, me.username)]

    def comment(self, me: Person, other: str) -> None:
        if photo := self._one(list(self.model.owner)):
            seen = self.model.sees(me.username, photo)
            text = f"hm {self.dice.random()}"
            answered = self._one([each.comment_id for each in self.model.comments.values() if each.photo_id == photo])
            body: dict[str, Any] = {"text": text}
            if answered and not self.model.apart(me.username, self.model.comments[answered].author):
                body["reply_to"] = answered
            key = {"Idempotency-Key": uuid.uuid4().hex}
            path = f"/photos/{photo}/comments"
            answer = me.call("POST", path, json=body, headers=key, status=201 if seen else 404)
            if seen:
                made = Comment(answer.json()["comment_id"], photo, me.username, text)
                self.model.comments[made.comment_id] = made

    def edit(self, me: Person, other: str) -> None:
        if comment := self._comment():
            seen, mine = self.model.sees(me.username, comment.photo_id), comment.author == me.username
            text = f"oh {self.dice.random()}"
            status = (200 if mine else 403) if seen else 404
            me.call("PATCH", f"/comments/{comment.comment_id}", json={"text": text}, status=status)
            if status == 200:
                comment.text = text

    def uncomment(self, me: Person, other: str) -> None:
        if comment := self._comment():
            seen = self.model.sees(me.username, comment.photo_id)
            may = me.username in {comment.author, self.model.owner[comment.photo_id]}
            status = 204 if may else 403 if seen else 404
            me.call("DELETE", f"/comments/{comment.comment_id}", status=status)
            if may:
                del self.model.comments[comment.comment_id]
                if self.model.sees(other, comment.photo_id):
                    left = self._anew(self.people[other], f"/photos/{comment.photo_id}/comments").json()["items"]
                    assert comment.comment_id not in [each["comment_id"] for each in left]

    def _one(self, of: list[str]) -> str | None:
        return self.dice.choice(of) if of else None

    def _comment(self) -> Comment | None:
        return self.dice.choice(list(self.model.comments.values())) if self.model.comments else None

    # what restricts acts at once

    def glance(self, me: Person) -> None:
        """A look without any token, right after a command: what may not be seen is not shown, however far workers are."""
        if self.dice.random() >= self.curious:
            return
        feed = self._anew(me, "/feed?limit=100")
        assert feed.status_code == 200, feed.text
        shown = [photo["photo_id"] for photo in feed.json()["items"]]
        assert not [photo for photo in shown if not self.model.in_feed(me.username, photo)], (me.username, shown)
        if photo := self._one(list(self.model.owner)):
            status = self._anew(me, f"/photos/{photo}").status_code
            assert status == 404 or self.model.sees(me.username, photo), (me.username, photo)

    @staticmethod
    def _anew(me: Person, path: str) -> httpx.Response:
        """A read that waits for nothing."""
        bare = Steadfast(me.http, me.username, {"Authorization": me.headers["Authorization"]}, me.up)
        return bare.call("GET", path)

    # comparing

    def know(self) -> None:
        """Let everyone read what everyone has done."""
        everything = ",".join(one.headers["X-Min-Position"] for one in self.people.values())
        (first, *others) = self.people.values()
        first.headers["X-Min-Position"] = everything
        token = first.call("PATCH", "/me", json={}, status=200).headers["X-Position"]  # one that covers all of them
        for one in (first, *others):
            one.headers["X-Min-Position"] = token

    def compare(self) -> None:
        """Everything that every member sees, at a position that covers all that was done."""
        self.know()
        for name, me in self.people.items():
            expected = self.model.feed(name)
            limit = self.dice.choice([1, 7, 100, 100, 100]) if len(expected) < 20 else self.dice.choice([7, 100, 100])
            feed = me.walk("/feed", limit=limit)
            assert [photo["photo_id"] for photo in feed] == expected, name
            for photo in feed:
                self.compare_photo(me, photo)
            self.compare_member(me, self.dice.choice([other for other in self.names if other != name]))
            self.compare_own(me)
        for photo in self.dice.sample(sorted(self.model.owner), min(2, len(self.model.owner))):
            for name, me in self.people.items():
                me.call("GET", f"/photos/{photo}", status=200 if self.model.sees(name, photo) else 404)

    def compare_photo(self, me: Person, photo: dict[str, Any]) -> None:
        photo_id, model = photo["photo_id"], self.model
        likes = [member for liked, member in model.likes if liked == photo_id]
        comments = [
            model.comments[each] for each in sorted(model.comments) if model.comments[each].photo_id == photo_id
        ]
        counts = {"likes": len(likes), "comments": len(comments), "views": 0}
        assert photo["counts"] == counts, (photo_id, photo["counts"], counts)
        assert photo["viewer"]["liked"] is (me.username in likes)
        if self.dice.random() < 0.1:
            shown = usernames(me.walk(f"/photos/{photo_id}/likes", limit=self.dice.choice([1, 2, 100])))
            assert shown == model.named(me.username, likes[::-1]), photo_id
            told = me.walk(f"/photos/{photo_id}/comments", limit=self.dice.choice([2, 3, 100]))
            assert [(each["comment_id"], each.get("text")) for each in told] == [
                (each.comment_id, None if model.apart(me.username, each.author) else each.text) for each in comments
            ], photo_id
            assert all(("hidden" in each) is ("text" not in each) for each in told)

    def compare_member(self, me: Person, other: str) -> None:
        model, pair, path = self.model, (me.username, other), f"/members/{other}"
        if not model.sees_profile(*pair):
            for what in ("", "/photos", "/followers", "/following"):
                me.call("GET", f"{path}{what}", status=404)
            return
        member = me.get(path)
        photos = model.photos(*pair)
        followers, following = model.followers(other), model.following(other)
        counts = {"photos": len(photos), "followers": len(followers), "following": len(following)}
        assert member["counts"] == counts, pair
        state = "yes" if pair in model.follows else "requested" if pair in model.requests else "no"
        assert member["viewer"] == {
            "following": state,
            "followed_by": pair[::-1] in model.follows,
            "blocked": pair in model.blocks,
            "muted": pair in model.mutes,
        }, pair
        if not model.sees_lists(*pair):
            for what in ("photos", "followers", "following"):
                me.call("GET", f"{path}/{what}", status=404 if pair in model.blocks else 403)
            return
        assert [photo["photo_id"] for photo in me.walk(f"{path}/photos", limit=7)] == photos
        for what, expected in (("followers", followers), ("following", following)):
            shown = usernames(me.walk(f"{path}/{what}", limit=self.dice.choice([1, 2, 100])))
            assert sorted(map(str, shown)) == sorted(map(str, model.named(me.username, expected))), (pair, what)

    def compare_own(self, me: Person) -> None:
        model, name = self.model, me.username
        asked = [pair[0] for pair in model.requests if pair[1] == name]
        assert sorted(map(str, usernames(me.walk("/me/follow-requests")))) == sorted(asked), name
        blocked = [pair[1] for pair in reversed(model.blocks) if pair[0] == name]
        assert usernames(me.walk("/me/blocks", limit=self.dice.choice([1, 100]))) == blocked, name
        muted = [pair[1] for pair in reversed(model.mutes) if pair[0] == name]
        told = [member if model.sees_profile(name, member) else None for member in muted]
        assert usernames(me.walk("/me/mutes", limit=self.dice.choice([1, 100]))) == told, name
        trash = [photo for photo in reversed(model.trash) if model.owner[photo] == name]
        shown = me.walk("/me/trash", limit=self.dice.choice([2, 100]))
        assert [photo["photo_id"] for photo in shown] == trash, name
        assert all(photo["deleted_at"] for photo in shown)


def usernames(cards: list[dict[str, Any]]) -> list[str | None]:
    """Who stands in a list; None for each hidden one."""
    for card in cards:
        assert card == {"hidden": True} or "username" in card, card
    return [card.get("username") for card in cards]
