"""Share links, tried through the front door: who may make them, what they show, and when they lead nowhere."""

import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from PIL import Image

from infra.core import utc_now
from tests.api.inside import Behind, client, inside
from tests.people import Person, jpeg, person

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def member(url: str) -> Person:
    return person(url, f"s{uuid.uuid4().hex[:10]}")


@pytest.fixture(scope="module")
def ana(server) -> Person:
    return member(server.url)


@pytest.fixture(scope="module")
def secret(ana) -> str:
    photo = ana.publish(seed=80, audience="private", caption='<script>alert("hi")</script>')
    ana.ready(photo)
    return photo


def share(owner: Person, path: str, **said) -> dict:
    made = owner.call("POST", f"{path}/shares", json=said, status=201).json()
    assert set(made) == {"share_id", "url"}
    return made


def follow(link: dict, owner: Person, **headers: str) -> httpx.Response:
    return httpx.get(link["url"], headers={"X-Min-Position": owner.headers["X-Min-Position"], **headers})


def listed(owner: Person, link: dict) -> dict:
    (found,) = [each for each in owner.walk("/me/shares", 2) if each["share_id"] == link["share_id"]]
    return found


def test_a_link_shows_a_private_photo_to_whoever_has_it(ana, secret) -> None:
    link = share(ana, f"/photos/{secret}")
    shown = follow(link, ana)
    assert shown.status_code == 200, shown.text
    photo = shown.json()["photo"]
    assert (shown.json()["kind"], photo["photo_id"], photo["viewer"]) == ("photo", secret, None)
    assert photo["audience"] == "private"
    assert (photo["camera"], photo["taken_at"], photo["location"]) == (None, None, None)
    assert httpx.get(photo["image"]["src"]).status_code == 200
    assert httpx.head(link["url"]).status_code == 200
    assert httpx.get(link["url"][:-1] + ("A" if link["url"][-1] != "A" else "B")).status_code == 404


def test_views_are_counted_for_the_owner(ana, secret) -> None:
    link = share(ana, f"/photos/{secret}")
    assert listed(ana, link)["counts"] == {"views": 0}
    for _ in range(3):
        follow(link, ana)
    told = listed(ana, link)
    assert told["counts"] == {"views": 3}
    assert (told["url"], told["photo_id"], told["album_id"], told["has_password"]) == (link["url"], secret, None, False)


def test_metadata_is_shown_where_the_owner_says_so(ana) -> None:
    photo = ana.publish(jpeg(81, exif=_taken()))
    known = ana.ready(photo)
    assert known["camera"]["make"] == "FUJIFILM"
    plain, told = share(ana, f"/photos/{photo}"), share(ana, f"/photos/{photo}", show_metadata=True)
    assert follow(plain, ana).json()["photo"]["camera"] is None
    assert follow(told, ana).json()["photo"]["camera"] == known["camera"]


def _taken() -> bytes:

    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "FUJIFILM", "X-T5"
    return exif.tobytes()


def test_a_password_is_asked_for(ana, secret) -> None:
    link = share(ana, f"/photos/{secret}", password="für Freunde")
    for headers in ({}, {"X-Share-Password": "wrong"}):
        refused = follow(link, ana, **headers)
        assert (refused.status_code, refused.json()["code"]) == (401, "share_password_required")
    opened = httpx.get(link["url"], headers=[(b"X-Share-Password", "für Freunde".encode())])
    assert opened.status_code == 200
    page = follow(link, ana, **BROWSER)
    assert page.status_code == 401
    assert page.headers["Content-Type"].startswith("text/html")
    assert '<input type="password"' in page.text
    assert listed(ana, link)["has_password"] is True


def test_a_link_ends_when_it_expires_or_is_taken_back(ana, secret, url) -> None:
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    refused = ana.call("POST", f"/photos/{secret}/shares", json={"expires_at": past}, status=422)
    assert refused.json()["errors"][0]["field"] == "expires_at"
    soon = share(ana, f"/photos/{secret}", expires_at=(datetime.now(UTC) + timedelta(seconds=3)).isoformat())
    assert follow(soon, ana).status_code == 200
    until = time.monotonic() + 20
    while follow(soon, ana).status_code == 200:
        assert time.monotonic() < until
    assert follow(soon, ana).json()["code"] == "share_not_found"

    link, ben = share(ana, f"/photos/{secret}"), member(url)
    ben.call("DELETE", f"/shares/{link['share_id']}", status=404)
    ana.call("DELETE", f"/shares/{link['share_id']}", status=204)
    assert httpx.get(link["url"]).status_code == 404
    ana.call("DELETE", f"/shares/{link['share_id']}", status=204)
    assert link["share_id"] not in [each["share_id"] for each in ana.walk("/me/shares")]


def test_a_deleted_photo_is_shown_by_no_link(ana) -> None:
    photo = ana.publish(seed=82)
    ana.ready(photo)
    link = share(ana, f"/photos/{photo}")
    assert follow(link, ana).status_code == 200
    ana.call("DELETE", f"/photos/{photo}", status=204)
    assert httpx.get(link["url"]).status_code == 404


def test_an_album_is_shown_page_by_page(ana, secret) -> None:
    album = ana.call("POST", "/albums", json={"title": "Rivers", "audience": "private"}, status=201).json()["album_id"]
    photos = [ana.publish(seed=seed, album_ids=[album]) for seed in (83, 84)]
    for photo in photos:
        ana.ready(photo)
    ana.call("PUT", f"/albums/{album}/photos/{secret}", status=204)
    link = share(ana, f"/albums/{album}")
    first = follow(link, ana).json()
    assert (first["kind"], first["photo"], first["album"]["counts"]) == ("album", None, {"photos": 3})
    assert [each["photo_id"] for each in first["photos"]["items"]] == [*photos, secret]
    assert first["album"]["cover"] == first["photos"]["items"][0]["image"]
    page = httpx.get(link["url"], params={"limit": 2}).json()["photos"]
    rest = httpx.get(link["url"], params={"limit": 2, "cursor": page["next_cursor"]}).json()["photos"]
    assert [each["photo_id"] for each in page["items"] + rest["items"]] == [*photos, secret]
    assert rest["next_cursor"] is None
    ana.call("DELETE", f"/albums/{album}", status=204)
    assert httpx.get(link["url"]).status_code == 404


def test_a_browser_gets_a_page_with_open_graph_tags(ana, secret) -> None:
    link = share(ana, f"/photos/{secret}")
    page = follow(link, ana, **BROWSER)
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    for tag in ("og:title", "og:image", "og:url", "og:type", "og:description"):
        assert f'<meta property="{tag}"' in page.text
    assert "<script>" not in page.text
    assert "&lt;script&gt;" in page.text
    assert follow(link, ana, Accept="application/json").headers["Content-Type"] == "application/json"


def test_only_the_owner_may_share(ana, secret, url) -> None:
    ben, photo = member(url), ana.publish(seed=85)
    ana.ready(photo)
    ben.headers["X-Min-Position"] = ana.headers["X-Min-Position"]
    ben.call("POST", f"/photos/{photo}/shares", json={}, status=403)
    ben.call("POST", f"/photos/{secret}/shares", json={}, status=404)
    album = ana.call("POST", "/albums", json={"title": "Rivers"}, status=201).json()["album_id"]
    ben.call("POST", f"/albums/{album}/shares", json={}, status=403)
    ben.call("POST", "/albums/nonsense/shares", json={}, status=404)


async def test_a_link_that_was_given_out_just_now_is_waited_for_and_an_old_one_is_not(tmp_path) -> None:
    async with inside(tmp_path / "data") as town:
        await town.member("ana")
        photo = await town.photo("ana")
        link = (await town.call("ana", "POST", f"/photos/{photo}/shares", json={})).json()["url"].partition("/v1")[2]
        await town.level()
        async with town.without(shares=(shares := Behind(town.core.queries.shares))) as behind:
            assert (await behind.call(None, "GET", link)).status_code == 200
            assert shares.asked == 2
        queries = replace(town.core.queries, shares=(shares := Behind(town.core.queries.shares)))
        made = town.assemble(replace(town.core, queries=queries))
        async with client(replace(made, now=lambda: utc_now() + timedelta(minutes=1))) as http:
            assert (await http.get(f"/v1{link}")).status_code == 404
            assert shares.asked == 1
