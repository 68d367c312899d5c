"""The HTTP contract as someone tries it who has only its page: every table row, in both profiles, from outside."""

import io
import re
import uuid
from datetime import datetime
from hashlib import sha256
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.people import Person, anyone, jpeg, person

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
CARD = {"member_id", "username", "first_name", "last_name", "avatar"}
MEMBER = CARD | {"bio", "private", "created_at", "counts", "viewer"}
PHOTO = {
    "photo_id", "owner", "status", "rejection", "caption", "alt_text", "tags", "mentions", "audience", "created_at",
    "edited_at", "image", "taken_at", "camera", "location", "counts", "viewer",
}  # fmt: skip
COMMENT = {"comment_id", "photo_id", "author", "text", "reply_to", "mentions", "created_at", "edited_at"}
ALBUM = {"album_id", "owner", "title", "description", "audience", "cover", "counts", "created_at"}
NEWEST = 0


def someone(url: str, name: str = "p", **said: str) -> Person:
    return person(url, f"{name}{uuid.uuid4().hex[:10]}", **said)


def problem(answer: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    assert answer.status_code == status, (answer.request.method, answer.request.url, answer.status_code, answer.text)
    assert answer.headers["Content-Type"].split(";")[0] == "application/problem+json"
    told = answer.json()
    assert {"type", "title", "status", "code", "detail"} <= set(told)
    assert told["status"] == status
    if status == 422 and code in (None, "invalid"):
        assert told["errors"]
        assert set(told["errors"][0]) == {"field", "message"}
    if code:
        assert told["code"] == code
    return dict(told)


def after(one: Person, *others: Person) -> None:
    """From now on `one` reads what the others have done."""
    tokens = {token for each in (one, *others) for token in each.headers["X-Min-Position"].split(",")}
    one.headers["X-Min-Position"] = ",".join(sorted(tokens))


def shown(ana: Person, seed: int = 1, **said: Any) -> str:
    photo = ana.publish(seed=seed, **said)
    assert ana.ready(photo)["status"] == "ready"
    ana.headers["X-Min-Position"] = ana.call("GET", f"/photos/{photo}").headers["X-Position"]
    return photo


# --- Members


def test_registration_answers_a_member_and_refuses_what_the_page_says(any_url: str) -> None:
    http = anyone(any_url)
    name = f"n{uuid.uuid4().hex[:10]}"
    body = {"username": name, "email": f"{name}@example.org", "password": "a long password", "first_name": "N",
            "last_name": "M"}  # fmt: skip
    made = http.post("/v1/members", json=body)
    assert made.status_code == 201
    assert set(made.json()) == MEMBER
    assert made.headers["X-Position"]
    assert TIME.fullmatch(made.json()["created_at"])
    assert made.json()["counts"] == {"photos": 0, "followers": 0, "following": 0}
    problem(http.post("/v1/members", json={**body, "email": f"x{name}@example.org"}), 409, "username_taken")
    problem(http.post("/v1/members", json={**body, "username": name.upper(), "email": f"y{name}@example.org"}), 409)
    problem(http.post("/v1/members", json={**body, "username": f"{name}2"}), 409, "email_taken")
    for field, value in (
        ("username", "ab"), ("username", "a" * 31), ("username", "a b c"), ("password", "123456789"),
        ("email", "nobody"), ("first_name", 7),
    ):  # fmt: skip
        told = problem(http.post("/v1/members", json={**body, "username": f"{name}3", field: value}), 422)
        assert field in told["errors"][0]["field"]
    session = http.post("/v1/sessions", json={"username": name, "password": body["password"]})
    assert session.status_code == 201
    told = session.json()
    assert (set(told), told["token_type"]) == (
        {"access_token", "refresh_token", "token_type", "expires_in"},
        "bearer",
    )
    problem(http.post("/v1/sessions", json={"username": name, "password": "wrong password"}), 401, "bad_credentials")
    auth = {"Authorization": f"Bearer {told['access_token']}", "X-Min-Position": session.headers["X-Position"]}
    again = http.post("/v1/sessions/refresh", json={"refresh_token": told["refresh_token"]}, headers=auth)
    assert again.status_code == 201
    assert set(again.json()) == set(told)
    assert http.delete("/v1/sessions/current", headers=auth).status_code == 204
    problem(http.get("/v1/me", headers=auth), 401)
    problem(http.get("/v1/me"), 401)
    problem(http.get("/v1/me", headers={"Authorization": "Bearer nonsense"}), 401)


def test_the_profile_is_changed_and_shown_to_anyone(any_url: str) -> None:
    ana = someone(any_url)
    changed = ana.call("PATCH", "/me", json={"bio": "Grain.", "private": True}, status=200).json()
    assert (changed["bio"], changed["private"]) == ("Grain.", True)
    seen = httpx.get(f"{any_url}/v1/members/{ana.username}", headers={"X-Min-Position": ana.headers["X-Min-Position"]})
    assert seen.status_code == 200
    assert set(seen.json()) == MEMBER
    assert seen.json()["viewer"] is None
    problem(httpx.get(f"{any_url}/v1/members/nobody{uuid.uuid4().hex[:8]}"), 404, "member_not_found")
    for path in ("photos", "followers", "following", "albums"):
        problem(httpx.get(f"{any_url}/v1/members/{ana.username}/{path}"), 403, "private_account")


def test_an_avatar_is_square_in_two_sizes_and_ends(any_url: str) -> None:
    ana = someone(any_url)
    ana.call("PUT", "/me/avatar", json={"upload_id": ana.upload(jpeg(1, (900, 600)))}, status=202)
    with_avatar = wait_for(lambda: ana.get("/me"), lambda me: me["avatar"] is not None)
    sizes = {(v["width"], v["height"]) for v in with_avatar["avatar"]["variants"]}
    assert sizes == {(150, 150), (400, 400)}
    served = httpx.get(with_avatar["avatar"]["src"])
    assert served.status_code == 200
    ana.call("DELETE", "/me/avatar", status=204)
    ana.call("DELETE", "/me/avatar", status=204)
    assert wait_for(lambda: ana.get("/me"), lambda me: me["avatar"] is None)


def wait_for(ask: Any, holds: Any, tries: int = 600) -> Any:
    """Ask again until it holds; every try is a whole request, so it takes its time."""
    for _ in range(tries):
        if holds(told := ask()):
            return told
    raise AssertionError(f"never so: {told}")


# --- Following, blocking, muting


def test_follows_requests_and_removals(any_url: str) -> None:
    ana, ben = someone(any_url), someone(any_url)
    problem(ana.call("PUT", f"/members/{ana.username}/follow"), 422, "cannot_follow_self")
    assert ben.call("PUT", f"/members/{ana.username}/follow", status=200).json() == {"state": "yes"}
    after(ana, ben)
    member = ben.get(f"/members/{ana.username}")
    assert member["viewer"] == {"following": "yes", "followed_by": False, "blocked": False, "muted": False}
    assert member["counts"]["followers"] == 1
    (card,) = ana.get(f"/members/{ana.username}/followers")["items"]
    assert set(card) == CARD
    ana.call("DELETE", f"/me/followers/{ben.username}", status=204)
    ana.call("DELETE", f"/me/followers/{ben.username}", status=204)
    del ben.headers["X-Min-Position"]
    assert ben.get(f"/members/{ana.username}")["viewer"]["following"] == "no"
    ana.call("PATCH", "/me", json={"private": True}, status=200)
    assert ben.call("PUT", f"/members/{ana.username}/follow", status=200).json() == {"state": "requested"}
    after(ana, ben)
    assert [each["username"] for each in ana.get("/me/follow-requests")["items"]] == [ben.username]
    ana.call("DELETE", f"/me/follow-requests/{ben.username}", status=204)
    assert ben.call("PUT", f"/members/{ana.username}/follow", status=200).json() == {"state": "requested"}
    assert ben.call("DELETE", f"/members/{ana.username}/follow", status=200).json() == {"state": "no"}
    assert ben.call("PUT", f"/members/{ana.username}/follow", status=200).json() == {"state": "requested"}
    ana.call("PATCH", "/me", json={"private": False}, status=200)
    after(ben, ana)
    assert wait_for(lambda: ben.get(f"/members/{ana.username}"), lambda told: told["viewer"]["following"] == "yes")


def test_a_block_hides_each_from_the_other_everywhere(any_url: str) -> None:
    ana, ben = someone(any_url), someone(any_url)
    photo = shown(ana, 3)
    ben.call("PUT", f"/members/{ana.username}/follow", status=200)
    ben.call("PUT", f"/photos/{photo}/like", status=200)
    said = ben.call("POST", f"/photos/{photo}/comments", json={"text": "mine"}, status=201).json()
    ana.call("PUT", f"/members/{ben.username}/block", status=204)
    ana.call("PUT", f"/members/{ben.username}/block", status=204)
    ben.headers.pop("X-Min-Position")
    for path in (f"/members/{ana.username}", f"/members/{ana.username}/photos", f"/photos/{photo}"):
        problem(ben.call("GET", path), 404)
    problem(ben.call("PUT", f"/members/{ana.username}/follow"), 404)
    problem(ben.call("PUT", f"/photos/{photo}/like"), 404)
    assert ben.get("/feed")["items"] == []
    assert ana.get(f"/members/{ben.username}")["viewer"]["blocked"] is True
    problem(ana.call("GET", f"/members/{ben.username}/photos"), 404)
    after(ana, ben) if "X-Min-Position" in ben.headers else None
    assert [each["username"] for each in ana.get("/me/blocks")["items"]] == [ben.username]
    likes, counted = ana.get(f"/photos/{photo}/likes")["items"], ana.get(f"/photos/{photo}")["counts"]
    assert (likes, counted["likes"]) == ([{"hidden": True}], 1)
    (comment,) = ana.get(f"/photos/{photo}/comments")["items"]
    assert comment == {"comment_id": said["comment_id"], "hidden": True, "created_at": said["created_at"]}
    ana.call("DELETE", f"/members/{ben.username}/block", status=204)
    ben.call("GET", f"/members/{ana.username}", status=200)
    assert ben.get(f"/members/{ana.username}")["viewer"]["following"] == "no"


def test_a_mute_hides_from_the_feed_only(any_url: str) -> None:
    ana, ben = someone(any_url), someone(any_url)
    ben.call("PUT", f"/members/{ana.username}/follow", status=200)
    photo = shown(ana, 4)
    after(ben, ana)
    assert [each["photo_id"] for each in ben.get("/feed")["items"]] == [photo]
    ben.call("PUT", f"/members/{ana.username}/mute", status=204)
    assert ben.get("/feed")["items"] == []
    ben.call("GET", f"/photos/{photo}", status=200)
    assert [each["username"] for each in ben.get("/me/mutes")["items"]] == [ana.username]
    ben.call("DELETE", f"/members/{ana.username}/mute", status=204)
    assert [each["photo_id"] for each in ben.get("/feed")["items"]] == [photo]


# --- Uploading


def test_uploads_are_asked_for_and_refused(any_url: str) -> None:
    ana = someone(any_url)
    body = {"filename": "a.jpg", "content_type": "image/jpeg", "size": 1000}
    made = ana.call("POST", "/uploads", json=body, status=201).json()
    assert {"upload_id", "url", "method", "headers", "expires_at", "duplicate_of"} <= set(made)
    assert (made["method"], made["duplicate_of"]) == ("PUT", None)
    problem(ana.call("POST", "/uploads", json={**body, "size": 50 * 1024 * 1024 + 1}), 413, "too_large")
    problem(ana.call("POST", "/uploads", json={**body, "content_type": "text/plain"}), 415, "unsupported_type")
    assert len(ana.call("POST", "/uploads", json=[body, body], status=201).json()) == 2
    problem(ana.call("POST", "/uploads", json=[body] * 51), 422)
    problem(ana.call("POST", "/photos", json={"upload_id": made["upload_id"]}), 409, "not_uploaded")
    problem(httpx.post(f"{any_url}/v1/uploads", json=body), 401)


def test_a_large_file_goes_up_in_parts(any_url: str) -> None:
    ana = someone(any_url)
    noise = Image.effect_noise((2600, 2400), 90).convert("RGB")
    out = io.BytesIO()
    noise.save(out, "JPEG", quality=98)
    content = out.getvalue()
    assert len(content) > 5 * 1024 * 1024
    asked = {"filename": "big.jpg", "content_type": "image/jpeg", "size": len(content), "multipart": True,
             "sha256": sha256(content).hexdigest()}  # fmt: skip
    made = ana.call("POST", "/uploads", json=asked, status=201).json()
    assert sum(part["size"] for part in made["parts"]) == len(content)
    done, at = [], 0
    for part in made["parts"]:
        piece = content[at : at + part["size"]]
        put = httpx.put(part["url"], content=piece, headers=made.get("headers") or {}, timeout=60)
        assert put.is_success, put.text
        done.append({"number": part["number"], "etag": put.headers["ETag"]})
        at += part["size"]
    ana.call("POST", f"/uploads/{made['upload_id']}/complete", json={"parts": done}, status=200)
    photo = ana.call("POST", "/photos", json={"upload_id": made["upload_id"]}, status=202).json()
    assert ana.ready(photo["photo_id"], 120)["status"] == "ready"


def test_a_photo_has_all_its_fields_and_comes_back_from_the_trash(any_url: str) -> None:
    ana, ben = someone(any_url), someone(any_url)
    content = jpeg(77, (1000, 700))
    upload = ana.upload(content)
    made = ana.call("POST", "/photos", json={"upload_id": upload, "caption": "A #tree", "alt_text": "tree"}, status=202)
    assert set(made.json()) == PHOTO
    assert made.json()["status"] == "processing"
    photo = made.json()["photo_id"]
    again = ana.call("POST", "/photos", json={"upload_id": upload})
    assert again.json()["photo_id"] == photo
    done = ana.ready(photo)
    assert set(done["image"]) == {"width", "height", "blurhash", "dominant_color", "variants", "srcset", "src"}
    assert set(done["image"]["srcset"]) == {"webp", "jpeg"}
    assert done["tags"] == ["tree"]
    twice = {
        "filename": "b.jpg",
        "content_type": "image/jpeg",
        "size": len(content),
        "sha256": sha256(content).hexdigest(),
    }
    assert ana.call("POST", "/uploads", json=twice, status=201).json()["duplicate_of"] == photo
    changed = ana.call("PATCH", f"/photos/{photo}", json={"caption": "B", "audience": "friends"}, status=200).json()
    assert (changed["caption"], changed["audience"]) == ("B", "friends")
    assert TIME.fullmatch(changed["edited_at"])
    problem(ben.call("GET", f"/photos/{photo}"), 404, "photo_not_found")
    ana.call("PATCH", f"/photos/{photo}", json={"audience": "public"}, status=200)
    problem(ben.call("PATCH", f"/photos/{photo}", json={"caption": "C"}), 403, "forbidden")
    problem(ben.call("DELETE", f"/photos/{photo}"), 403, "forbidden")
    for route, who in (("download", ben), ("original", ana)):
        led = who.call("GET", f"/photos/{photo}/{route}", follow_redirects=False)
        assert led.status_code == 302
        assert httpx.get(led.headers["Location"]).status_code == 200
    problem(ben.call("GET", f"/photos/{photo}/original", follow_redirects=False), 403)
    ben.call("PUT", f"/photos/{photo}/like", status=200)
    ana.call("DELETE", f"/photos/{photo}", status=204)
    for who in (ana, ben):
        problem(who.call("GET", f"/photos/{photo}"), 404, "photo_not_found")
    (thrown,) = ana.get("/me/trash")["items"]
    assert thrown["photo_id"] == photo
    assert TIME.fullmatch(thrown["deleted_at"])
    back = ana.call("POST", f"/photos/{photo}/restore", status=200).json()
    assert back["photo_id"] == photo
    after(ana, ben)
    assert ana.get(f"/photos/{photo}")["counts"]["likes"] == 1


def test_an_edit_renders_anew_and_keeps_the_original(any_url: str) -> None:
    ana = someone(any_url)
    photo = ana.publish(jpeg(5, (800, 400)))
    before = ana.ready(photo)
    edits = {"crop": {"x": 0, "y": 0, "width": 400, "height": 200}, "rotate": 90}
    ana.call("PUT", f"/photos/{photo}/edits", json=edits, status=202)
    now = wait_for(
        lambda: ana.get(f"/photos/{photo}"),
        lambda told: told["image"] and told["image"]["src"] != before["image"]["src"],
    )
    assert (now["image"]["width"], now["image"]["height"]) == (200, 400)
    assert httpx.get(now["image"]["src"]).status_code == 200
    problem(ana.call("PUT", f"/photos/{photo}/edits", json={"rotate": 45}), 422)
    problem(ana.call("PUT", f"/photos/{photo}/edits", json={"filter": "nonsense"}), 422)


def test_duplicates_are_grouped_and_the_decision_is_kept(any_url: str) -> None:
    ana = someone(any_url)
    content = jpeg(91, (320, 240))
    first, second = ana.publish(content), ana.publish(content)
    ana.ready(first), ana.ready(second)
    groups = wait_for(lambda: ana.get("/me/duplicates")["items"], lambda items: items)
    (group,) = groups
    assert {each["photo_id"] for each in group["photos"]} == {first, second}
    answer = ana.call("PUT", f"/me/duplicates/{group['group_id']}", json={"keep": [first, second]})
    assert answer.is_success, answer.text
    assert wait_for(lambda: ana.get("/me/duplicates")["items"], lambda items: not items) == []


def test_views_are_counted_within_a_minute(any_url: str) -> None:
    ana, ben = someone(any_url), someone(any_url)
    photo = shown(ana, 6)
    ben.call("POST", "/views", json={"photo_ids": [photo]}, status=202)
    problem(ben.call("POST", "/views", json={"photo_ids": [photo] * 101}), 422)
    assert wait_for(lambda: ana.get(f"/photos/{photo}"), lambda told: told["counts"]["views"] == 1, 20_000)


# --- Likes, comments


def test_likes_and_comments(any_url: str) -> None:
    ana, ben = someone(any_url), someone(any_url)
    photo = shown(ana, 8)
    assert ben.call("PUT", f"/photos/{photo}/like", status=200).json() == {"liked": True}
    assert ben.call("PUT", f"/photos/{photo}/like", status=200).json() == {"liked": True}
    problem(httpx.put(f"{any_url}/v1/photos/{photo}/like"), 401)
    assert set(ben.get(f"/photos/{photo}/likes")["items"][NEWEST]) == CARD
    assert ben.call("DELETE", f"/photos/{photo}/like", status=200).json() == {"liked": False}
    made = ben.call("POST", f"/photos/{photo}/comments", json={"text": f"hi @{ana.username}"}, status=201).json()
    assert set(made) == COMMENT
    assert made["mentions"] == [ana.username]
    reply = ana.call(
        "POST", f"/photos/{photo}/comments", json={"text": "re", "reply_to": made["comment_id"]}, status=201
    )
    assert reply.json()["reply_to"] == made["comment_id"]
    problem(ben.call("POST", f"/photos/{photo}/comments", json={"text": ""}), 422)
    problem(ben.call("POST", f"/photos/{photo}/comments", json={"text": "x" * 2201}), 422)
    edited = ben.call("PATCH", f"/comments/{made['comment_id']}", json={"text": "other"}, status=200).json()
    assert TIME.fullmatch(edited["edited_at"])
    problem(ana.call("PATCH", f"/comments/{made['comment_id']}", json={"text": "mine"}), 403, "forbidden")
    after(ana, ben)
    assert [each["comment_id"] for each in ana.get(f"/photos/{photo}/comments")["items"]] == [
        made["comment_id"], reply.json()["comment_id"],
    ]  # fmt: skip
    ana.call("DELETE", f"/comments/{made['comment_id']}", status=204)
    ana.call("DELETE", f"/comments/{made['comment_id']}", status=204)
    left = ana.get(f"/photos/{photo}/comments")["items"]
    assert [each["comment_id"] for each in left] == [reply.json()["comment_id"]]
    assert ana.get(f"/photos/{photo}")["counts"]["comments"] == 1


# --- Reading


def test_feeds_trending_explore_tags_and_search(any_url: str) -> None:
    ana, ben = someone(any_url, first_name="Wilhelmina"), someone(any_url)
    word = f"w{uuid.uuid4().hex[:8]}"
    ben.call("PUT", f"/members/{ana.username}/follow", status=200)
    photos = [shown(ana, 20 + n, caption=f"{word} #{word}") for n in range(3)]
    ben.call("PUT", f"/photos/{photos[0]}/like", status=200)
    after(ben, ana)
    assert [each["photo_id"] for each in ben.get("/feed", params={"order": "latest"})["items"]] == photos[::-1]
    ranked = [each["photo_id"] for each in ben.get("/feed", params={"order": "ranked"})["items"]]
    assert (ranked[NEWEST], sorted(ranked)) == (photos[0], sorted(photos))
    for window in ("1h", "24h", "7d"):
        assert len(ben.get("/trending", params={"window": window})["items"]) <= 50
    problem(ben.call("GET", "/trending", params={"window": "2y"}), 422)
    stranger = someone(any_url)
    after(stranger, ana)
    explored = {each["owner"]["username"] for each in stranger.walk("/explore")}
    assert ana.username in explored
    assert ana.username not in {each["owner"]["username"] for each in ben.walk("/explore")}
    assert [each["photo_id"] for each in ben.get(f"/tags/{word}")["items"]] == photos[::-1]
    ben.call("GET", "/tags/trending", status=200)
    found = ben.get("/search/photos", params={"q": word})
    assert {each["photo_id"] for each in found["items"]} == set(photos)
    assert found["total"] >= 3
    problem(ben.call("GET", "/search/photos", params={"q": word, "near": "x"}), 422)
    members = ben.get("/search/members", params={"q": ana.username})["items"]
    assert members[NEWEST]["username"] == ana.username
    assert ben.call("GET", f"/photos/{photos[0]}/similar", status=200).json()["items"] is not None
    one_by_one = [each["photo_id"] for each in ben.walk("/feed", limit=1)]
    assert one_by_one == photos[::-1]


def test_notifications_are_grouped_seen_and_gone_with_their_subject(any_url: str) -> None:
    ana, ben, cleo = (someone(any_url) for _ in range(3))
    photo = shown(ana, 30)
    for fan in (ben, cleo):
        fan.call("PUT", f"/photos/{photo}/like", status=200)
    after(ana, ben, cleo)
    told = wait_for(lambda: ana.get("/notifications")["items"], lambda items: items and items[0]["count"] == 2)
    assert told[0]["kind"] == "like"
    assert told[0]["photo_id"] == photo
    assert {each["username"] for each in told[0]["actors"]} == {ben.username, cleo.username}
    assert ana.call("GET", "/notifications/unread-count", status=200).json()
    assert ana.call("POST", "/notifications/seen", json={}).is_success
    cleo.call("DELETE", f"/photos/{photo}/like", status=200)
    ben.call("DELETE", f"/photos/{photo}/like", status=200)
    after(ana, ben, cleo)
    assert wait_for(lambda: ana.get("/notifications")["items"], lambda items: not items) == []


# --- Albums, shares


def test_albums_and_shares(any_url: str) -> None:
    ana, ben = someone(any_url), someone(any_url)
    first, second = shown(ana, 40), shown(ana, 41)
    album = ana.call("POST", "/albums", json={"title": "Walks"}, status=201).json()
    assert set(album) == ALBUM
    at = f"/albums/{album['album_id']}"
    for photo in (first, second):
        ana.call("PUT", f"{at}/photos/{photo}", status=204)
    after(ben, ana)
    before = [each["photo_id"] for each in ben.get(f"{at}/photos")["items"]]
    assert sorted(before) == sorted([first, second])
    ana.call("PUT", f"{at}/photos/{before[0]}", json={"after": before[1]}, status=204)
    after(ben, ana)
    assert [each["photo_id"] for each in ben.get(f"{at}/photos")["items"]] == before[::-1]
    assert ben.get(at)["counts"]["photos"] == 2
    assert ben.get(f"/members/{ana.username}/albums")["items"][0]["album_id"] == album["album_id"]
    problem(ben.call("PATCH", at, json={"title": "mine"}), 403)
    ana.call("PATCH", at, json={"title": "Other", "audience": "private"}, status=200)
    problem(ben.call("GET", at), 404)
    share = ana.call("POST", f"{at}/shares", json={"password": "open sesame"}, status=201).json()
    assert {"share_id", "url"} <= set(share)
    token = share["url"].rstrip("/").rsplit("/", 1)[1]
    shared = f"{any_url}/v1/shared/{token}"
    problem(httpx.get(shared), 401, "share_password_required")
    assert httpx.get(shared, headers={"X-Share-Password": "open sesame"}).status_code == 200
    plain = ana.call("POST", f"/photos/{first}/shares", json={}, status=201).json()
    link = f"{any_url}/v1/shared/{plain['url'].rstrip('/').rsplit('/', 1)[1]}"
    page = httpx.get(link, headers={"Accept": "text/html"})
    assert "og:image" in page.text
    assert {each["share_id"] for each in ana.get("/me/shares")["items"]} == {share["share_id"], plain["share_id"]}
    ana.call("DELETE", f"/shares/{plain['share_id']}", status=204)
    problem(httpx.get(link), 404)
    ana.call("DELETE", at, status=204)
    problem(ana.call("GET", at), 404)


# --- Moderation and personal data


def test_reports_need_a_moderator_and_personal_data_can_be_taken_along(any_url: str) -> None:
    ana, ben = someone(any_url), someone(any_url)
    photo = shown(ana, 50)
    assert ben.call("POST", "/reports", json={"subject": f"photo:{photo}", "reason": "spam"}).is_success
    problem(ben.call("GET", "/moderation/reports"), 403, "forbidden")
    problem(ben.call("PUT", f"/moderation/takedowns/photo:{photo}", json={}), 403, "forbidden")
    problem(ben.call("GET", "/events"), 403, "forbidden")
    problem(ben.call("GET", "/ops/projections"), 403, "forbidden")
    export = ana.call("GET", "/me/export")
    assert export.status_code == 200
    assert photo in export.text
    problem(ana.call("DELETE", "/me", json={"password": "not this one"}), 403, "bad_password")
    gone = ana.call("DELETE", "/me", json={"password": "correct horse battery"}, status=202).json()
    ben.headers.pop("X-Min-Position", None)
    problem(ben.call("GET", f"/photos/{photo}"), 404)
    report = gone["report_url"] if gone["report_url"].startswith("http") else any_url + gone["report_url"]
    assert httpx.get(report, headers={"X-Min-Position": ana.headers["X-Min-Position"]}).status_code == 200


# --- Conventions


def test_conventions_of_paging_consistency_idempotency_and_caching(any_url: str) -> None:
    ana, ben = someone(any_url), someone(any_url)
    photo = shown(ana, 60)
    for limit in ("0", "101", "x"):
        problem(ana.call("GET", "/feed", params={"limit": limit}), 422)
    problem(ana.call("GET", "/feed", params={"cursor": "nonsense"}), 400, "cursor_invalid")
    problem(ana.call("GET", "/feed", headers={"X-Min-Position": "nonsense"}), 400, "position_invalid")
    key = {"Idempotency-Key": uuid.uuid4().hex}
    first = ben.call("POST", f"/photos/{photo}/comments", json={"text": "once"}, headers=key, status=201)
    again = ben.call("POST", f"/photos/{photo}/comments", json={"text": "once"}, headers=key, status=201)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    other = ben.call("POST", f"/photos/{photo}/comments", json={"text": "other"}, headers=key)
    problem(other, 422, "idempotency_key_reused")
    problem(
        ben.call("POST", f"/photos/{photo}/comments", json={"text": "x"}, headers={"Idempotency-Key": "k" * 256}), 422
    )
    after(ana, ben)  # so that nothing changes between two reads
    read = ana.call("GET", "/feed")
    assert read.headers["Cache-Control"] == "private, max-age=0"
    assert read.headers["Vary"] == "Authorization"
    assert int(read.headers["X-Projection-Lag-Ms"]) >= 0
    assert ana.call("GET", "/feed", headers={"If-None-Match": read.headers["ETag"]}).status_code == 304
    head = ana.call("HEAD", f"/photos/{photo}")
    assert (head.status_code, head.content) == (200, b"")
    assert ana.call("GET", f"/photos/{photo}").headers["Cache-Control"] == "private, no-cache"
    problem(ana.call("GET", "/no/such/route"), 404)
    assert datetime.fromisoformat(ana.get(f"/photos/{photo}")["created_at"]).tzinfo is not None
    limited = ana.call("PUT", f"/photos/{photo}/like")
    assert {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"} <= set(limited.headers)
    for path in ("/openapi.json", "/docs"):
        assert httpx.get(any_url + path).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_the_server_tells_of_itself(any_url: str, path: str) -> None:
    assert httpx.get(any_url + path).status_code == 200
