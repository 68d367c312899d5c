"""Blocks and mutes through the front door: who is hidden from whom, where, and what is left standing."""

import uuid

import httpx
import pytest

from tests.people import Person, person

LISTS = ("photos", "followers", "following")


@pytest.fixture
def people(url):
    def several(how_many: int) -> list[Person]:
        return [person(url, f"q{uuid.uuid4().hex[:10]}") for _ in range(how_many)]

    return several


def act(who: Person, method: str, path: str, status: int = 204, **more) -> httpx.Response:
    return who.call(method, path, status=status, **more)


def meet(*all_of: Person) -> None:
    """Let everyone know what anyone did."""
    joined = ",".join(one.headers["X-Min-Position"] for one in all_of)
    for one in all_of:
        one.headers["X-Min-Position"] = joined


def names(who: Person, path: str) -> list[str | None]:
    return [card.get("username") for card in who.walk(path)]


@pytest.fixture
def scene(people):
    """Ana and Ben follow each other and Cleo, who follows both; each has a photo, all like and comment on Cleo's."""
    ana, ben, cleo = people(3)
    for one in (ana, ben):
        for other in (ana, ben, cleo):
            if one is not other:
                act(one, "PUT", f"/members/{other.username}/follow", 200)
                act(cleo, "PUT", f"/members/{one.username}/follow", 200)
    photos = {one.username: one.publish(seed=number) for number, one in enumerate((ana, ben, cleo))}
    for one in (ana, ben, cleo):
        one.ready(photos[one.username])
    photo = photos[cleo.username]
    meet(ana, ben, cleo)
    for one in (ana, ben, cleo):
        act(one, "PUT", f"/photos/{photo}/like", 200)
        act(one, "POST", f"/photos/{photo}/comments", 201, json={"text": f"by {one.username}"})
    meet(ana, ben, cleo)
    return ana, ben, cleo, photos


def test_the_blocked_sees_nothing_of_the_blocker(scene) -> None:
    ana, ben, _, photos = scene
    act(ana, "PUT", f"/members/{ben.username}/block")
    act(ana, "PUT", f"/members/{ben.username}/block")
    who, photo = ana.username, photos[ana.username]
    for path in (f"/members/{who}", *(f"/members/{who}/{what}" for what in LISTS)):
        assert act(ben, "GET", path, 404).json()["code"] == "member_not_found"
    for path in (f"/photos/{photo}", *(f"/photos/{photo}/{what}" for what in ("likes", "comments", "download"))):
        assert act(ben, "GET", path, 404).json()["code"] == "photo_not_found"
    for method, path in (("PUT", f"/photos/{photo}/like"), ("DELETE", f"/photos/{photo}/like")):
        act(ben, method, path, 404)
    act(ben, "POST", f"/photos/{photo}/comments", 404, json={"text": "hm"})
    act(ben, "PUT", f"/members/{who}/follow", 404)
    act(ben, "DELETE", f"/members/{who}/follow", 404)
    act(ben, "PUT", f"/members/{who}/mute", 404)
    assert photo not in [each["photo_id"] for each in ben.walk("/feed")]


def test_the_blocker_sees_of_the_blocked_only_who_they_are(scene) -> None:
    ana, ben, cleo, photos = scene
    act(ana, "PUT", f"/members/{ben.username}/block")
    shown = ana.get(f"/members/{ben.username}")
    assert shown["viewer"] == {"following": "no", "followed_by": False, "blocked": True, "muted": False}
    assert shown["counts"] == {"photos": 0, "followers": 1, "following": 1}
    for what in LISTS:
        act(ana, "GET", f"/members/{ben.username}/{what}", 404)
    act(ana, "GET", f"/photos/{photos[ben.username]}", 404)
    act(ana, "PUT", f"/members/{ben.username}/follow", 404)
    assert [each["photo_id"] for each in ana.walk("/feed")] == [
        photos[one.username] for one in (cleo, ana) if one is not ben
    ]
    assert names(ana, "/me/blocks") == [ben.username]

    act(ben, "PUT", f"/members/{ana.username}/block")  # blocked back: whoever blocks still sees whom
    assert ana.get(f"/members/{ben.username}")["viewer"]["blocked"] is True
    assert ben.get(f"/members/{ana.username}")["viewer"]["blocked"] is True


def test_lists_are_as_long_as_their_counts_for_every_viewer(scene, url) -> None:
    ana, ben, cleo, photos = scene
    act(ana, "PUT", f"/members/{ben.username}/block")
    photo = photos[cleo.username]
    meet(ana, ben, cleo)
    for viewer, hidden in ((ana, ben.username), (ben, ana.username), (cleo, None)):
        counts = viewer.get(f"/photos/{photo}")["counts"]
        likes, comments = viewer.walk(f"/photos/{photo}/likes", limit=1), viewer.walk(f"/photos/{photo}/comments")
        assert (len(likes), len(comments)) == (counts["likes"], counts["comments"]) == (3, 3)
        assert likes.count({"hidden": True}) == (0 if hidden is None else 1)
        assert hidden not in [card.get("username") for card in likes]
        unseen = [each for each in comments if "hidden" in each]
        assert len(unseen) == (0 if hidden is None else 1)
        assert all(set(each) == {"comment_id", "hidden", "created_at"} and each["hidden"] is True for each in unseen)
        profile = viewer.get(f"/members/{cleo.username}")["counts"]
        for what in ("followers", "following"):
            cards = viewer.walk(f"/members/{cleo.username}/{what}")
            assert len(cards) == profile[what] == 2
            assert cards.count({"hidden": True}) == (0 if hidden is None else 1)
    assert {"hidden": True} not in httpx.get(f"{url}/v1/photos/{photo}/likes").json()["items"]


def test_unblocking_shows_each_to_the_other_again_but_ended_follows_stay_ended(scene) -> None:
    ana, ben, _, photos = scene
    act(ana, "PUT", f"/members/{ben.username}/block")
    act(ana, "DELETE", f"/members/{ben.username}/block")
    act(ana, "DELETE", f"/members/{ben.username}/block")
    assert names(ana, "/me/blocks") == []
    meet(ana, ben)
    for one, other in ((ana, ben), (ben, ana)):
        seen = one.get(f"/members/{other.username}")
        assert seen["viewer"] == {"following": "no", "followed_by": False, "blocked": False, "muted": False}
        act(one, "GET", f"/photos/{photos[other.username]}", 200)
    assert act(ben, "PUT", f"/members/{ana.username}/follow", 200).json() == {"state": "yes"}


def test_a_block_acts_on_the_next_read_without_a_token(scene) -> None:
    ana, ben, _, photos = scene
    act(ana, "PUT", f"/members/{ben.username}/block")
    act(ben, "GET", f"/photos/{photos[ana.username]}", 404)  # ben's own token is older than the block
    assert photos[ana.username] not in [each["photo_id"] for each in ben.get("/feed")["items"]]


def test_a_mute_hides_from_the_feed_only(scene) -> None:
    ana, ben, cleo, photos = scene
    act(ana, "PUT", f"/members/{ben.username}/mute")
    act(ana, "PUT", f"/members/{ben.username}/mute")
    ids = [each["photo_id"] for each in ana.walk("/feed")]
    assert ids == [photos[cleo.username], photos[ana.username]]
    assert ana.get(f"/members/{ben.username}")["viewer"] == {
        "following": "yes",
        "followed_by": True,
        "blocked": False,
        "muted": True,
    }
    act(ana, "GET", f"/photos/{photos[ben.username]}", 200)
    assert {"hidden": True} not in ana.walk(f"/photos/{photos[cleo.username]}/likes")
    assert ben.get(f"/members/{ana.username}")["viewer"]["muted"] is False
    assert names(ana, "/me/mutes") == [ben.username]

    act(ana, "PUT", f"/members/{ben.username}/block")  # mutes are untouched
    assert names(ana, "/me/mutes") == [ben.username]
    act(ana, "DELETE", f"/members/{ben.username}/block")
    act(ana, "PUT", f"/members/{ben.username}/follow", 200)
    assert ids == [each["photo_id"] for each in ana.walk("/feed")]
    act(ana, "DELETE", f"/members/{ben.username}/mute")
    act(ana, "DELETE", f"/members/{ben.username}/mute")
    assert [each["photo_id"] for each in ana.walk("/feed")] == [photos[one.username] for one in (cleo, ben, ana)]


def test_one_who_blocks_me_stands_hidden_among_those_whom_i_mute_and_can_be_unmuted(scene) -> None:
    ana, ben, _, _ = scene
    act(ana, "PUT", f"/members/{ben.username}/mute")
    act(ben, "PUT", f"/members/{ana.username}/block")
    assert ana.walk("/me/mutes") == [{"hidden": True}]
    act(ana, "DELETE", f"/members/{ben.username}/mute")
    assert ana.walk("/me/mutes") == []


def test_blocks_and_mutes_page_newest_first(people) -> None:
    ana, *others = people(4)
    for other in others:
        act(ana, "PUT", f"/members/{other.username}/block")
        act(ana, "PUT", f"/members/{other.username}/mute")
    for what in ("blocks", "mutes"):
        assert [card["username"] for card in ana.walk(f"/me/{what}", limit=1)] == [
            other.username for other in reversed(others)
        ]


def test_nobody_blocks_or_mutes_themselves_or_a_stranger(people) -> None:
    (ana,) = people(1)
    for what in ("block", "mute"):
        assert act(ana, "PUT", f"/members/{ana.username}/{what}", 422).json()["code"] == f"cannot_{what}_self"
        act(ana, "PUT", f"/members/nobody.at.all/{what}", 404)
        act(ana, "DELETE", f"/members/nobody.at.all/{what}", 404)


def test_the_blocked_are_not_found_by_search(people) -> None:
    ana, ben = people(2)
    act(ana, "PUT", f"/members/{ben.username}/block")
    meet(ana, ben)
    for one, other in ((ana, ben), (ben, ana)):
        assert one.get("/search/members", params={"q": other.username})["items"] == []
