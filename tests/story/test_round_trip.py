"""A photograph goes all the way round: from its upload into a follower's feed, liked and commented."""

import io
import time
from itertools import count

import httpx
import pytest
from PIL import Image

from tests.people import Person, jpeg, person

names = (f"teller{number}" for number in count())


def people(url: str, how_many: int) -> list[Person]:
    return [person(url, next(names)) for _ in range(how_many)]


def test_a_photo_is_uploaded_developed_seen_liked_and_commented(url: str) -> None:
    ana, ben = people(url, 2)
    assert ben.call("PUT", f"/members/{ana.username}/follow", status=200).json() == {"state": "yes"}

    photo_id = ana.publish(jpeg(1, (1200, 900)), caption="Down by the river #river", tags=["Evening"])
    photo = ana.ready(photo_id)
    assert photo["status"] == "ready"
    assert photo["tags"] == ["evening", "river"]
    image = photo["image"]
    assert (image["width"], image["height"]) == (1200, 900)
    names_and_sides = {(v["name"], max(v["width"], v["height"])) for v in image["variants"]}
    assert names_and_sides == {
        ("thumb", 150),
        ("small", 400),
        ("medium", 640),
        ("feed", 800),
        ("large", 1080),
        ("full", 1200),
    }

    for variant in image["variants"]:
        served = httpx.get(variant["url"])
        assert served.status_code == 200
        assert served.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert len(served.content) == variant["bytes"]
        decoded = Image.open(io.BytesIO(served.content))
        assert decoded.size == (variant["width"], variant["height"])
        assert decoded.format == variant["format"].upper()

    (seen,) = ben.get("/feed")["items"]
    assert seen["photo_id"] == photo_id
    assert seen["viewer"] == {"liked": False, "may_edit": False}

    assert ben.call("PUT", f"/photos/{photo_id}/like", status=200).json() == {"liked": True}
    said = ben.call("POST", f"/photos/{photo_id}/comments", json={"text": "Lovely, @teller0"}, status=201).json()
    assert said["mentions"] == ["teller0"]
    seen = ben.get(f"/photos/{photo_id}")
    assert seen["counts"] == {"likes": 1, "comments": 1, "views": 0}
    assert seen["viewer"]["liked"] is True
    assert [card["username"] for card in ben.get(f"/photos/{photo_id}/likes")["items"]] == [ben.username]
    assert [item["text"] for item in ben.get(f"/photos/{photo_id}/comments")["items"]] == ["Lovely, @teller0"]


def test_what_is_taken_away_is_gone_from_the_next_read_of_anyone_without_a_token(url: str) -> None:
    ana, ben = people(url, 2)
    ben.call("PUT", f"/members/{ana.username}/follow", status=200)
    first, second = ana.publish(seed=11), ana.publish(seed=12)
    ana.ready(first), ana.ready(second)
    ben.headers["X-Min-Position"] = ana.headers["X-Min-Position"]
    assert [photo["photo_id"] for photo in ben.get("/feed")["items"]] == [second, first]
    files = [variant["url"] for variant in ben.get(f"/photos/{second}")["image"]["variants"]]

    ana.call("DELETE", f"/photos/{second}", status=204)
    del ben.headers["X-Min-Position"]
    assert [photo["photo_id"] for photo in ben.get("/feed")["items"]] == [first]
    ben.call("GET", f"/photos/{second}", status=404)
    ana.call("GET", f"/photos/{second}", status=404)
    ana.call("DELETE", f"/photos/{second}", status=204)
    assert {httpx.get(file).status_code for file in files} <= {403, 404}

    ben.call("DELETE", f"/members/{ana.username}/follow", status=200)
    del ben.headers["X-Min-Position"]
    assert ben.get("/feed")["items"] == []

    ben.call("PUT", f"/members/{ana.username}/follow", status=200)
    ana.call("POST", f"/photos/{second}/restore", status=200)
    assert [photo["photo_id"] for photo in ben.get("/feed")["items"]] == [second, first]
    assert {httpx.get(file).status_code for file in files} == {200}


def test_a_private_account_is_seen_by_those_it_has_accepted(url: str) -> None:
    ana, ben, cleo = people(url, 3)
    photo_id = ana.publish(seed=21)
    ana.ready(photo_id)
    ana.call("PATCH", "/me", json={"private": True}, status=200)

    ben.call("GET", f"/photos/{photo_id}", status=404)
    refused = ben.call("GET", f"/members/{ana.username}/photos", status=403).json()
    assert refused["code"] == "private_account"
    assert ben.call("PUT", f"/members/{ana.username}/follow", status=200).json() == {"state": "requested"}
    ana.headers["X-Min-Position"] += "," + ben.headers["X-Min-Position"]
    assert [card["username"] for card in ana.get("/me/follow-requests")["items"]] == [ben.username]
    ana.call("PUT", f"/me/follow-requests/{ben.username}", status=204)
    ben.headers["X-Min-Position"] = ana.headers["X-Min-Position"]

    photo = ben.get(f"/photos/{photo_id}")
    url_of_file = photo["image"]["src"]
    assert "signature=" in url_of_file or "?" in url_of_file
    served = httpx.get(url_of_file)
    assert served.status_code == 200
    assert served.headers["Cache-Control"].startswith("private")
    assert httpx.get(url_of_file.split("?")[0]).status_code in {403, 404}
    assert [item["photo_id"] for item in ben.get("/feed")["items"]] == [photo_id]
    cleo.call("GET", f"/photos/{photo_id}", status=404)


@pytest.fixture(params=["server", pytest.param("cluster_server", marks=pytest.mark.cluster)])
def either_url(request: pytest.FixtureRequest) -> str:
    """Where each profile answers."""
    return str(request.getfixturevalue(request.param).url)


def test_a_photo_that_was_for_friends_for_a_while_has_other_urls_than_strangers_kept(either_url: str) -> None:
    (ana,) = people(either_url, 1)
    photo_id = ana.publish(seed=22)
    kept = [variant["url"] for variant in ana.ready(photo_id)["image"]["variants"]]
    assert {httpx.get(file).status_code for file in kept} == {200}

    def image() -> list[str]:
        return [variant["url"] for variant in ana.get(f"/photos/{photo_id}")["image"]["variants"]]

    ana.call("PATCH", f"/photos/{photo_id}", json={"audience": "friends"}, status=200)
    assert {httpx.get(file).status_code for file in kept} <= {403, 404}
    until = time.monotonic() + 60
    while {httpx.URL(file).path for file in image()} & {httpx.URL(file).path for file in kept}:
        assert time.monotonic() < until, "the files have the same keys still"
    assert {httpx.get(file).status_code for file in image()} == {200}

    ana.call("PATCH", f"/photos/{photo_id}", json={"audience": "public"}, status=200)
    assert {httpx.get(file).status_code for file in image()} == {200}
    assert {httpx.get(file).status_code for file in kept} <= {403, 404}


def test_a_file_that_is_no_picture_is_rejected_with_its_reason_and_stops_nothing(url: str) -> None:
    ana, ben = people(url, 2)
    broken = ana.publish(b"this is not a picture at all" * 20, caption="?")
    fine = ana.publish(seed=31)
    rejected = ana.ready(broken)
    assert rejected["status"] == "rejected"
    assert rejected["rejection"]["code"] == "not_an_image"
    assert rejected["rejection"]["detail"]
    assert ana.ready(fine)["status"] == "ready"
    ben.call("GET", f"/photos/{broken}", status=404)
