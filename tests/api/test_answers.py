"""What routes answer, tried through the front door: who sees what, and what a command shows of its own effect."""

import uuid
from hashlib import sha256

import httpx
import pytest

from tests.people import Person, jpeg, logged_in, person


@pytest.fixture
def people(url):
    def several(how_many: int) -> list[Person]:
        return [person(url, f"p{uuid.uuid4().hex[:10]}") for _ in range(how_many)]

    return several


def follow(follower: Person, followed: Person) -> None:
    follower.call("PUT", f"/members/{followed.username}/follow", status=200)


def meet(*all_of: Person) -> None:
    """Let everyone know what anyone did."""
    joined = ",".join(one.headers["X-Min-Position"] for one in all_of)
    for one in all_of:
        one.headers["X-Min-Position"] = joined


def test_a_profile_shows_the_change_at_once_and_the_etag_changes(people) -> None:
    (ana,) = people(1)
    before = ana.call("GET", "/me")
    changed = ana.call("PATCH", "/me", json={"bio": "  Rivers. ", "last_name": None, "unknown": 1}, status=200).json()
    assert (changed["bio"], changed["last_name"]) == ("Rivers.", "Test")
    after = ana.call("GET", "/me", headers={"If-None-Match": before.headers["ETag"]})
    assert after.json() == changed
    assert changed["viewer"] == {"following": "no", "followed_by": False, "blocked": False, "muted": False}


def test_whoever_logs_in_finds_their_own_profile_without_a_token_of_consistency(url) -> None:
    username = f"p{uuid.uuid4().hex[:10]}"
    person(url, username)
    again = logged_in(url, username)
    del again.headers["X-Min-Position"]
    assert again.get("/me")["username"] == username


def test_counts_of_photos_are_what_the_viewer_may_see(people, url) -> None:
    ana, friend, follower = people(3)
    for seed, audience in enumerate(("public", "friends", "private")):
        ana.ready(ana.publish(seed=seed + 40, audience=audience))
    for one in (friend, follower):
        follow(one, ana)
    follow(ana, friend)
    meet(ana, friend, follower)
    path = f"/members/{ana.username}"
    seen = {}
    for name, viewer in (("ana", ana), ("friend", friend), ("follower", follower)):
        seen[name] = viewer.get(path)["counts"]["photos"], len(viewer.walk(f"{path}/photos"))
    anyone = httpx.get(f"{url}/v1{path}").json()
    assert anyone["viewer"] is None
    assert seen == {"ana": (3, 3), "friend": (2, 2), "follower": (1, 1)}
    assert anyone["counts"] == {"photos": 1, "followers": 2, "following": 1}
    assert friend.get(path)["viewer"] == {"following": "yes", "followed_by": True, "blocked": False, "muted": False}
    assert len(friend.get("/feed")["items"]) == 2


def test_a_private_account_shows_its_lists_to_accepted_followers_only(people, url) -> None:
    ana, ben, cleo = people(3)
    ana.call("PATCH", "/me", json={"private": True}, status=200)
    follow(ben, ana)
    follow(cleo, ana)
    meet(ana, ben, cleo)
    for what in ("photos", "followers", "following"):
        path = f"/members/{ana.username}/{what}"
        assert ben.call("GET", path, status=403).json()["code"] == "private_account"
        assert httpx.get(f"{url}/v1{path}").status_code == 403
        ana.call("GET", path, status=200)
    assert ben.get(f"/members/{ana.username}")["viewer"]["following"] == "requested"

    ana.call("DELETE", f"/me/follow-requests/{cleo.username}", status=204)
    ana.call("DELETE", f"/me/follow-requests/{cleo.username}", status=204)
    assert ana.call("PUT", f"/me/follow-requests/{cleo.username}", status=404).json()["code"] == "request_not_found"
    ana.call("PUT", f"/me/follow-requests/{ben.username}", status=204)
    ana.call("PUT", f"/me/follow-requests/{ben.username}", status=204)
    ana.call("DELETE", f"/me/follow-requests/{ben.username}", status=204)  # declining removes no follower
    ben.call("GET", f"/members/{ana.username}/photos", status=200)
    ana.call("DELETE", f"/me/followers/{ben.username}", status=204)
    ben.call("GET", f"/members/{ana.username}/photos", status=403)


def test_going_public_accepts_everyone_who_asked(people) -> None:
    ana, ben, cleo = people(3)
    ana.call("PATCH", "/me", json={"private": True}, status=200)
    follow(ben, ana)
    follow(cleo, ana)
    ana.call("PATCH", "/me", json={"private": False}, status=200)
    meet(ana, ben, cleo)
    assert ben.get(f"/members/{ana.username}")["viewer"]["following"] == "yes"
    assert ana.get("/me/follow-requests")["items"] == []
    assert ana.get("/me")["counts"]["followers"] == 2


def test_following_oneself_or_nobody_is_refused(people) -> None:
    (ana,) = people(1)
    refused = ana.call("PUT", f"/members/{ana.username}/follow", status=422).json()
    assert refused["code"] == "cannot_follow_self"
    assert ana.call("PUT", "/members/nobody.at.all/follow", status=404).json()["code"] == "member_not_found"
    assert ana.call("PUT", "/members/NO%20BODY/follow", status=404).json()["code"] == "member_not_found"


def test_names_are_found_in_whatever_case(people) -> None:
    (ana,) = people(1)
    assert ana.get(f"/members/{ana.username.upper()}")["username"] == ana.username


def test_uploads_may_be_asked_for_in_a_list_and_duplicates_are_told(people) -> None:
    (ana,) = people(1)
    content = jpeg(77)
    asked = {
        "filename": "a.jpg",
        "content_type": "image/jpeg",
        "size": len(content),
        "sha256": sha256(content).hexdigest(),
    }
    assert ana.call("POST", "/uploads", json=asked, status=201).json()["duplicate_of"] is None
    photo = ana.publish(content)
    ana.ready(photo)
    several = ana.call("POST", "/uploads", json=[asked, {**asked, "sha256": None}], status=201).json()
    assert [one["duplicate_of"] for one in several] == [photo, None]
    ana.call("DELETE", f"/photos/{photo}", status=204)
    assert ana.call("POST", "/uploads", json=asked, status=201).json()["duplicate_of"] is None

    assert ana.call("POST", "/uploads", json=[asked] * 51, status=422).json()["code"] == "invalid"
    assert ana.call("POST", "/uploads", json=[], status=422).json()["code"] == "invalid"
    wrong = ana.call("POST", "/uploads", json=[asked, {**asked, "size": "1"}], status=422).json()
    assert [error["field"] for error in wrong["errors"]] == ["1.size"]
    large = ana.call("POST", "/uploads", json={**asked, "size": 50 * 1024 * 1024 + 1}, status=413).json()
    assert large["code"] == "too_large"
    assert ana.call("POST", "/uploads", json={**asked, "content_type": "text/html"}, status=415).json()["code"] == (
        "unsupported_type"
    )


def test_only_the_announced_bytes_are_taken(people) -> None:
    (ana,) = people(1)
    asked = {"filename": "a.jpg", "content_type": "image/jpeg", "size": 10}
    upload = ana.call("POST", "/uploads", json=asked, status=201).json()
    early = ana.call("POST", "/photos", json={"upload_id": upload["upload_id"]}, status=409).json()
    assert early["code"] == "not_uploaded"
    put = [
        (b"x" * 11, upload["headers"], 413),
        (b"x" * 9, upload["headers"], 422),
        (b"x" * 10, {"Content-Type": "image/png"}, 415),
    ]
    for content, headers, status in put:
        answer = httpx.put(upload["url"], content=content, headers=headers)
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert httpx.put(upload["url"].replace("size=10", "size=11"), content=b"x" * 11).status_code == 403
    assert httpx.put(upload["url"].split("?")[0], content=b"x" * 10).status_code == 403
    assert httpx.get(upload["url"]).status_code in {403, 404}
    assert httpx.put(upload["url"], content=b"x" * 10, headers=upload["headers"]).status_code == 200
    first = ana.call("POST", "/photos", json={"upload_id": upload["upload_id"]}, status=202).json()
    again = ana.call("POST", "/photos", json={"upload_id": upload["upload_id"]}, status=202).json()
    assert first["status"] == "processing"
    assert again["photo_id"] == first["photo_id"]


def test_a_photo_published_under_a_key_is_answered_the_same_again(people) -> None:
    (ana,) = people(1)
    upload_id = ana.upload(jpeg(5))
    key = {"Idempotency-Key": uuid.uuid4().hex}
    body = {"upload_id": upload_id, "caption": "once"}
    first = ana.call("POST", "/photos", json=body, headers=key, status=202)
    ana.ready(first.json()["photo_id"])
    again = ana.call("POST", "/photos", json=body, headers=key, status=202)
    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["X-Position"]
    other = ana.call("POST", "/photos", json={**body, "caption": "twice"}, headers=key, status=422)
    assert other.json()["code"] == "idempotency_key_reused"


def test_a_change_of_a_photo_shows_at_once(people) -> None:
    ana, ben = people(2)
    photo = ana.publish(seed=50, caption="One #first", tags=["kept"])
    ana.ready(photo)
    ben.call("PATCH", f"/photos/{photo}", json={"caption": "mine"}, status=403)
    changed = ana.call("PATCH", f"/photos/{photo}", json={"caption": "Two @ben.x #second"}, status=200).json()
    assert (changed["caption"], changed["mentions"]) == ("Two @ben.x #second", ["ben.x"])
    assert "second" in changed["tags"]
    assert changed["edited_at"] is not None
    assert ana.get(f"/photos/{photo}") == changed
    ana.call("PATCH", f"/photos/{photo}", json={"audience": "private"}, status=200)
    del ben.headers["X-Min-Position"]
    ben.call("GET", f"/photos/{photo}", status=404)
    ben.call("PATCH", f"/photos/{photo}", json={"caption": "mine"}, status=404)
    ben.call("PUT", f"/photos/{photo}/like", status=404)
    ben.call("GET", f"/photos/{photo}/comments", status=404)


def test_what_only_the_owner_is_told(people) -> None:
    ana, ben = people(2)
    photo = ana.publish(seed=51, place="Maribor", show_location=False)
    ana.ready(photo)
    meet(ana, ben)
    assert ana.get(f"/photos/{photo}")["location"]["place"] == "Maribor"
    assert ben.get(f"/photos/{photo}")["location"] is None
    shown = ana.call("PATCH", f"/photos/{photo}", json={"show_location": True}, status=200).json()
    meet(ana, ben)
    assert ben.get(f"/photos/{photo}")["location"] == shown["location"]


def test_files_can_be_taken_away_by_those_who_may(people) -> None:
    ana, ben = people(2)
    content = jpeg(52, (300, 200))
    photo = ana.publish(content)
    assert ana.call("GET", f"/photos/{photo}/download").status_code in {302, 404}
    ana.ready(photo)
    original = ana.call("GET", f"/photos/{photo}/original", status=302)
    assert httpx.get(original.headers["Location"]).content == content
    assert ben.call("GET", f"/photos/{photo}/original", status=403).json()["code"] == "forbidden"
    copy = httpx.get(ben.call("GET", f"/photos/{photo}/download", status=302).headers["Location"])
    assert copy.headers["Content-Type"] == "image/jpeg"
    assert copy.headers["Cache-Control"].startswith("private, max-age=")


def test_files_are_served_whole_in_part_or_not_again(people) -> None:
    (ana,) = people(1)
    photo = ana.publish(seed=53)
    url = ana.ready(photo)["image"]["src"]
    whole = httpx.get(url)
    tag = whole.headers["ETag"]
    assert httpx.get(url, headers={"If-None-Match": tag}).status_code == 304
    head = httpx.head(url)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(whole.content))
    part = httpx.get(url, headers={"Range": "bytes=10-19", "If-Range": tag})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(whole.content)}"
    assert httpx.get(url, headers={"Range": "bytes=10-19", "If-Range": '"old"'}).status_code == 200
    assert httpx.get(url, headers={"Range": "bytes=9999999-"}).status_code == 416
    plain = url.split("?")[0]
    assert httpx.get(plain).headers["Cache-Control"] == "public, max-age=31536000, immutable"
    ana.call("PATCH", f"/photos/{photo}", json={"audience": "private"}, status=200)
    assert {httpx.get(address).status_code for address in (url, plain)} == {404}


def test_comments_are_edited_by_authors_and_deleted_by_owners_too(people) -> None:
    ana, ben, cleo = people(3)
    photo = ana.publish(seed=54)
    ana.ready(photo)
    path = f"/photos/{photo}/comments"
    first = ben.call("POST", path, json={"text": " One "}, status=201).json()
    reply = cleo.call("POST", path, json={"text": "Two", "reply_to": first["comment_id"]}, status=201).json()
    assert (first["text"], reply["reply_to"]) == ("One", first["comment_id"])
    comment = f"/comments/{first['comment_id']}"
    assert cleo.call("PATCH", comment, json={"text": "mine"}, status=403).json()["code"] == "forbidden"
    cleo.call("DELETE", comment, status=403)
    edited = ben.call("PATCH", comment, json={"text": "One!"}, status=200).json()
    same = ben.call("PATCH", comment, json={"text": "One!"}, status=200).json()
    assert edited["edited_at"] is not None
    assert same["text"] == "One!"
    for _ in range(2):
        ana.call("DELETE", comment, status=204)
    meet(ana, ben, cleo)
    assert [item["comment_id"] for item in cleo.walk(path, limit=1)] == [reply["comment_id"]]
    assert cleo.get(f"/photos/{photo}")["counts"]["comments"] == 1
    ben.call("PATCH", comment, json={"text": "gone"}, status=404)
    assert ben.call("PATCH", "/comments/nothing", json={"text": "x"}, status=404).json()["code"] == "comment_not_found"


def test_a_session_that_is_over_is_over(people, url) -> None:
    (ana,) = people(1)
    body = {"username": ana.username, "password": "correct horse battery"}
    session = httpx.post(f"{url}/v1/sessions", json=body).json()
    token = {"Authorization": f"Bearer {session['access_token']}"}
    fresh = httpx.post(f"{url}/v1/sessions/refresh", json={"refresh_token": session["refresh_token"]})
    assert fresh.status_code == 201
    assert fresh.json()["expires_in"] == 3600
    reused = httpx.post(f"{url}/v1/sessions/refresh", json={"refresh_token": session["refresh_token"]})
    assert (reused.status_code, reused.json()["code"]) == (401, "bad_token")
    assert httpx.get(f"{url}/v1/me", headers=token).status_code == 401
    ana.call("DELETE", "/sessions/current", status=204)
    ana.call("GET", "/me", status=401)
    wrong = httpx.post(f"{url}/v1/sessions", json={**body, "password": "not the password"})
    nobody = httpx.post(f"{url}/v1/sessions", json={**body, "username": "nobody.at.all"})
    assert {(answer.status_code, answer.json()["code"]) for answer in (wrong, nobody)} == {(401, "bad_credentials")}


def test_the_feed_pages_and_takes_no_order_that_is_not_there(people) -> None:
    ana, ben = people(2)
    follow(ben, ana)
    photos = [ana.publish(seed=seed) for seed in range(60, 64)]
    for photo in photos:
        ana.ready(photo)
    meet(ana, ben)
    for limit in (1, 3, 100):
        assert [item["photo_id"] for item in ben.walk("/feed", limit=limit)] == photos[::-1]
    assert ben.call("GET", "/feed", params={"order": "random"}, status=422).json()["errors"][0]["field"] == "order"
    cursor = ben.get("/feed", params={"limit": 1})["next_cursor"]
    assert ana.call("GET", "/feed", params={"cursor": cursor}, status=400).json()["code"] == "cursor_invalid"
