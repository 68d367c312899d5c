"""Albums, tried through the front door: who sees which, in what order, and how many photos."""

import uuid

import httpx
import pytest

from tests.people import Person, jpeg, person


def member(url: str) -> Person:
    return person(url, f"a{uuid.uuid4().hex[:10]}")


@pytest.fixture(scope="module")
def ana(server) -> Person:
    return member(server.url)


@pytest.fixture(scope="module")
def photos(ana) -> list[str]:
    made = [ana.publish(seed=seed + 60) for seed in range(4)]
    for photo in made:
        ana.ready(photo)
    return made


def album(owner: Person, **said) -> dict:
    return owner.call("POST", "/albums", json={"title": "Rivers", **said}, status=201).json()


def order(owner: Person, album_id: str, limit: int = 2) -> list[str]:
    return [photo["photo_id"] for photo in owner.walk(f"/albums/{album_id}/photos", limit)]


def test_an_album_is_made_changed_and_deleted(ana, url) -> None:
    made = album(ana, title="  Rivers ", description="All")
    assert made["title"] == "Rivers"
    assert (made["audience"], made["cover"], made["counts"]) == ("public", None, {"photos": 0})
    assert made["owner"]["username"] == ana.username
    path = f"/albums/{made['album_id']}"
    assert ana.get(path) == made
    changed = ana.call("PATCH", path, json={"title": "Lakes", "audience": "private"}, status=200).json()
    assert changed == {**made, "title": "Lakes", "audience": "private"}
    assert httpx.get(f"{url}/v1{path}").status_code == 404
    assert ana.call("PATCH", path, json={"title": " "}, status=422).json()["errors"][0]["field"] == "title"
    ana.call("DELETE", path, status=204)
    assert httpx.get(f"{url}/v1{path}").json()["code"] == "album_not_found"
    ana.call("DELETE", path, status=204)
    ana.call("PATCH", path, json={"title": "Again"}, status=404)
    ana.call("GET", "/albums/nonsense", status=404)


def test_photos_lie_in_the_order_that_their_owner_gives_them(ana, photos) -> None:
    album_id = album(ana)["album_id"]
    first, second, third, fourth = photos
    for photo in photos:
        ana.call("PUT", f"/albums/{album_id}/photos/{photo}", status=204)
        ana.call("PUT", f"/albums/{album_id}/photos/{photo}", status=204)
    assert order(ana, album_id) == photos

    def put(photo: str, after: str | None) -> list[str]:
        ana.call("PUT", f"/albums/{album_id}/photos/{photo}", json={"after": after}, status=204)
        return order(ana, album_id)

    assert put(fourth, first) == [first, fourth, second, third]
    assert put(third, first) == [first, third, fourth, second]
    assert put(fourth, first) == [first, fourth, third, second]
    assert put(second, None) == [second, first, fourth, third]
    shown = ana.get(f"/albums/{album_id}")
    assert shown["counts"] == {"photos": 4}
    assert shown["cover"] == ana.get(f"/photos/{second}")["image"]
    before = ana.headers["X-Min-Position"]
    assert put(second, None) == [second, first, fourth, third]
    ana.headers["X-Min-Position"] = before

    ana.call("DELETE", f"/albums/{album_id}/photos/{first}", status=204)
    ana.call("DELETE", f"/albums/{album_id}/photos/{first}", status=204)
    assert order(ana, album_id) == [second, fourth, third]
    refused = ana.call("PUT", f"/albums/{album_id}/photos/{second}", json={"after": first}, status=422)
    assert refused.json()["errors"][0]["field"] == "after"
    ana.call("PUT", f"/albums/{album_id}/photos/{second}", json={"after": second}, status=422)


def test_a_deleted_photo_leaves_its_albums_and_comes_back_into_them(ana) -> None:
    album_id = album(ana)["album_id"]
    photo = ana.publish(seed=70, album_ids=[album_id, album_id])
    ana.ready(photo)
    assert order(ana, album_id) == [photo]
    ana.call("DELETE", f"/photos/{photo}", status=204)
    assert order(ana, album_id) == []
    assert ana.get(f"/albums/{album_id}")["counts"] == {"photos": 0}
    ana.call("PUT", f"/albums/{album_id}/photos/{photo}", status=404)
    ana.call("POST", f"/photos/{photo}/restore", status=200)
    assert order(ana, album_id) == [photo]


def test_viewers_see_what_is_meant_for_them(ana, photos, url) -> None:
    friend, stranger = member(url), member(url)
    friend.call("PUT", f"/members/{ana.username}/follow", status=200)
    ana.call("PUT", f"/members/{friend.username}/follow", status=200)
    ids = {
        audience: album(ana, title=audience, audience=audience)["album_id"]
        for audience in ("public", "friends", "private")
    }
    hidden = ana.publish(seed=71, audience="private", album_ids=[ids["public"]])
    ana.ready(hidden)
    for photo in photos[:2]:
        ana.call("PUT", f"/albums/{ids['public']}/photos/{photo}", status=204)
    for other in (friend, stranger):
        other.headers["X-Min-Position"] += f",{ana.headers['X-Min-Position']}"

    def titles(viewer: Person) -> list[str]:
        return [each["title"] for each in viewer.walk(f"/members/{ana.username}/albums", 2)][:3]

    assert titles(ana) == ["private", "friends", "public"]
    assert titles(friend)[:2] == ["friends", "public"]
    assert titles(stranger)[0] == "public"
    path = f"/albums/{ids['public']}"
    assert (ana.get(path)["counts"], len(ana.walk(f"{path}/photos"))) == ({"photos": 3}, 3)
    assert (stranger.get(path)["counts"], len(stranger.walk(f"{path}/photos"))) == ({"photos": 2}, 2)
    assert stranger.get(path)["cover"] == stranger.get(f"/photos/{photos[0]}")["image"]
    stranger.call("GET", f"/albums/{ids['friends']}", status=404)
    stranger.call("GET", f"/albums/{ids['private']}/photos", status=404)


def test_only_its_owner_may_change_an_album(ana, photos, url) -> None:
    album_id, ben = album(ana)["album_id"], member(url)
    secret = album(ana, audience="private")["album_id"]
    ben.headers["X-Min-Position"] = ana.headers["X-Min-Position"]
    own = ben.publish(seed=72)
    mine = album(ben)["album_id"]
    for status, target in ((403, album_id), (404, secret)):
        ben.call("PATCH", f"/albums/{target}", json={"title": "Mine"}, status=status)
        ben.call("DELETE", f"/albums/{target}", status=status)
        ben.call("PUT", f"/albums/{target}/photos/{own}", status=status)
        ben.call("DELETE", f"/albums/{target}/photos/{photos[0]}", status=status)
    ben.call("PUT", f"/albums/{mine}/photos/{photos[0]}", status=403)
    upload = ben.call("POST", "/uploads", json={"filename": "a.jpg", "content_type": "image/jpeg", "size": 9})
    body = {"upload_id": upload.json()["upload_id"], "album_ids": [album_id]}
    assert ben.call("POST", "/photos", json=body).status_code in {409, 422}
    assert httpx.post(f"{url}/v1/albums", json={"title": "x"}).status_code == 401


def test_albums_of_a_private_account_are_for_those_it_accepted(url) -> None:
    shy, stranger = member(url), member(url)
    album_id = album(shy)["album_id"]
    shy.call("PATCH", "/me", json={"private": True}, status=200)
    stranger.headers["X-Min-Position"] = shy.headers["X-Min-Position"]
    refused = stranger.call("GET", f"/members/{shy.username}/albums", status=403)
    assert refused.json()["code"] == "private_account"
    stranger.call("GET", f"/albums/{album_id}", status=404)


def test_an_album_is_made_once_for_one_key(ana) -> None:
    body, key = {"title": "Once"}, {"Idempotency-Key": uuid.uuid4().hex}
    first = ana.call("POST", "/albums", json=body, headers=key, status=201)
    again = ana.call("POST", "/albums", json=body, headers=key, status=201)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"


def test_an_upload_for_an_album_of_someone_else_is_no_photo(ana, url) -> None:
    theirs, ben = album(ana)["album_id"], member(url)

    upload_id = ben.upload(jpeg(73))
    for bad in (theirs, "nonsense", "0" * 13):
        refused = ben.call("POST", "/photos", json={"upload_id": upload_id, "album_ids": [bad]}, status=422)
        assert refused.json()["errors"][0]["field"] == "album_ids"
    mine = album(ben)["album_id"]
    photo = ben.call("POST", "/photos", json={"upload_id": upload_id, "album_ids": [mine]}, status=202).json()
    assert order(ben, mine) == [photo["photo_id"]]
