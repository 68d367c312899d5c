"""Notifications, tried through the front door: grouped, seen, gone with what they are about, silent about the muted."""

import uuid

import pytest

from tests.people import Person, person


@pytest.fixture
def people(url):
    def several(how_many: int) -> list[Person]:
        return [person(url, f"n{uuid.uuid4().hex[:10]}") for _ in range(how_many)]

    return several


def meet(*all_of: Person) -> None:
    """Let everyone know what anyone did, by the newest tokens of each."""
    newest = (token for one in all_of for token in one.headers["X-Min-Position"].split(",")[-8:])
    joined = ",".join(dict.fromkeys(newest))
    for one in all_of:
        one.headers["X-Min-Position"] = joined


def told(one: Person) -> list[tuple]:
    return [(each["kind"], each["count"], each["photo_id"]) for each in one.walk("/notifications", 2)]


def test_what_others_do_is_told_in_groups(people) -> None:
    ana, ben, cleo = people(3)
    photo = ana.publish(seed=90)
    ana.ready(photo)
    meet(ana, ben, cleo)
    for one in (ben, cleo, ana):
        one.call("PUT", f"/photos/{photo}/like", status=200)
    ben.call("PUT", f"/members/{ana.username}/follow", status=200)
    said = cleo.call("POST", f"/photos/{photo}/comments", json={"text": f"Hm @{ben.username}"}, status=201).json()
    cleo.call("POST", f"/photos/{photo}/comments", json={"text": "And so on"}, status=201)
    meet(ana, ben, cleo)
    assert told(ana) == [("comment", 1, photo), ("follow", 1, None), ("like", 2, photo)]
    likes = ana.walk("/notifications")[2]
    assert [actor["username"] for actor in likes["actors"]] == [cleo.username, ben.username]
    assert told(ben) == [("mention", 1, photo)]
    assert ben.walk("/notifications")[0]["comment_id"] == said["comment_id"]
    assert told(cleo) == []

    assert ana.get("/notifications/unread-count") == {"count": 3}
    ana.call("POST", "/notifications/seen", status=204)
    assert ana.get("/notifications/unread-count") == {"count": 0}
    assert {each["seen"] for each in ana.walk("/notifications")} == {True}
    ana.call("POST", "/notifications/seen", status=204)
    cleo.call("PUT", f"/members/{ana.username}/follow", status=200)
    meet(ana, cleo)
    assert ana.get("/notifications/unread-count") == {"count": 1}
    assert told(ana)[0] == ("follow", 2, None)
    ids = [each["notification_id"] for each in ana.walk("/notifications")]
    assert len(ids) == len(set(ids)) == 3


def test_what_is_taken_back_is_told_no_more(people) -> None:
    ana, ben = people(2)
    photo = ana.publish(seed=91)
    ana.ready(photo)
    meet(ana, ben)
    ben.call("PUT", f"/photos/{photo}/like", status=200)
    ben.call("PUT", f"/members/{ana.username}/follow", status=200)
    text = {"text": f"@{ana.username}"}
    comment = ben.call("POST", f"/photos/{photo}/comments", json=text, status=201).json()["comment_id"]
    meet(ana, ben)
    assert {kind for kind, *_ in told(ana)} == {"like", "follow", "comment", "mention"}
    ben.call("PATCH", f"/comments/{comment}", json={"text": "nobody"}, status=200)
    ben.call("DELETE", f"/photos/{photo}/like", status=200)
    meet(ana, ben)
    assert {kind for kind, *_ in told(ana)} == {"follow", "comment"}
    ben.call("DELETE", f"/comments/{comment}", status=204)
    ben.call("DELETE", f"/members/{ana.username}/follow", status=200)
    meet(ana, ben)
    assert told(ana) == []
    ben.call("PUT", f"/photos/{photo}/like", status=200)
    meet(ana, ben)
    assert told(ana) == [("like", 1, photo)]
    ana.call("DELETE", f"/photos/{photo}", status=204)
    assert told(ana) == []
    assert ana.get("/notifications/unread-count") == {"count": 0}


def test_requests_and_their_acceptance_are_told(people) -> None:
    ana, ben = people(2)
    ana.call("PATCH", "/me", json={"private": True}, status=200)
    ben.call("PUT", f"/members/{ana.username}/follow", status=200)
    meet(ana, ben)
    assert told(ana) == [("follow_request", 1, None)]
    ana.call("PUT", f"/me/follow-requests/{ben.username}", status=204)
    meet(ana, ben)
    assert told(ana) == []
    assert told(ben) == [("follow_accepted", 1, None)]


def test_a_mention_in_a_caption_is_told_to_those_who_may_see_the_photo(people) -> None:
    ana, ben = people(2)
    photo = ana.publish(seed=92, caption=f"With @{ben.username}", audience="private")
    ana.ready(photo)
    meet(ana, ben)
    assert told(ben) == []
    ana.call("PATCH", f"/photos/{photo}", json={"audience": "public"}, status=200)
    meet(ana, ben)
    assert told(ben) == [("mention", 1, photo)]
    ana.call("PATCH", f"/photos/{photo}", json={"caption": "Alone"}, status=200)
    meet(ana, ben)
    assert told(ben) == []
