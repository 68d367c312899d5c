"""Objects as files: who may put and read what, and what a crash, an attack or a second bucket change."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Forbidden, Invalid, NotFound, Refused, TooLarge, Unsupported
from infra.files.disk import Disk
from infra.files.keys import checked
from infra.files.objects import FileObjects
from infra.files.signing import LONGEST, WINDOW, rounded

NOON = datetime(2026, 11, 21, 12, 1, 30, tzinfo=UTC)
KEY = "photos/2026/11/21/0abc/feed.webp"


@dataclass
class Clock:
    """A clock that stands until it is set."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Scene:
    root: Path
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.objects = FileObjects(self.root, b"secret", "https://filmroll.test/", now=self.clock)

    def files(self) -> list[str]:
        return sorted(path.relative_to(self.root).as_posix() for path in self.root.rglob("*") if path.is_file())


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def asked(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


async def in_pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def upload(scene: Scene, size: int = 10):
    put = await scene.objects.sign_put(
        "uploads/a", content_type="image/png", size=size, expires_at=NOON + timedelta(minutes=5)
    )
    return put, asked(put.url)


async def test_the_url_names_the_key_and_the_headers_the_type(scene: Scene) -> None:
    put, query = await upload(scene)
    assert put.url.startswith("https://filmroll.test/v1/objects/uploads/a?")
    assert query["size"] == "10"
    assert put.headers == {"Content-Type": "image/png"}
    assert put.expires_at == NOON + timedelta(minutes=5)


@pytest.mark.parametrize("name", ["size", "type", "expires", "signature"])
async def test_a_field_changed_or_missing_voids_a_signature(scene: Scene, name: str) -> None:
    _, query = await upload(scene)
    changed = {"size": "99", "type": "image/gif", "expires": "1900000000", "signature": "0" * 64}[name]
    for tried in ({**query, name: changed}, {key: value for key, value in query.items() if key != name}):
        with pytest.raises(Forbidden) as refused:
            scene.objects.verify_put("uploads/a", tried, content_type=tried.get("type"), content_length=None)
        assert refused.value.code == "signature_invalid"


@pytest.mark.parametrize("value", ["", "-1", "1e9", "²", "9" * 12, "9" * 400, "\0"])
async def test_fields_that_are_no_numbers_are_refused_not_failed_on(scene: Scene, value: str) -> None:
    _, query = await upload(scene)
    with pytest.raises(Forbidden):
        scene.objects.verify_put("uploads/a", {**query, "expires": value}, content_type=None, content_length=None)
    with pytest.raises(Forbidden):
        scene.objects.verify_get(KEY, {"expires": value, "signature": "é"})


async def test_another_secret_signs_differently(scene: Scene, tmp_path: Path) -> None:
    _, query = await upload(scene)
    other = FileObjects(tmp_path, b"other", "https://filmroll.test", now=scene.clock)
    with pytest.raises(Forbidden):
        other.verify_put("uploads/a", query, content_type="image/png", content_length=10)


async def test_what_is_put_must_be_of_the_granted_type_and_length(scene: Scene) -> None:
    _, query = await upload(scene)
    with pytest.raises(Unsupported):
        scene.objects.verify_put("uploads/a", query, content_type="text/html", content_length=10)
    with pytest.raises(TooLarge):
        scene.objects.verify_put("uploads/a", query, content_type="image/png", content_length=11)
    with pytest.raises(Invalid):
        scene.objects.verify_put("uploads/a", query, content_type="image/png", content_length=9)
    scene.clock.at += timedelta(minutes=5)
    with pytest.raises(Forbidden) as refused:
        scene.objects.verify_put("uploads/a", query, content_type="image/png", content_length=10)
    assert refused.value.code == "signature_expired"


@pytest.mark.parametrize(("pieces", "error"), [((b"12345",), Invalid), ((b"12345678", b"901"), TooLarge)])
async def test_bytes_too_few_or_too_many_leave_nothing_behind(scene: Scene, pieces, error) -> None:
    _, query = await upload(scene)
    grant = scene.objects.verify_put("uploads/a", query, content_type="image/png", content_length=None)
    with pytest.raises(error):
        await scene.objects.receive(grant, in_pieces(*pieces))
    assert scene.files() == []


async def test_a_stream_without_end_is_refused_at_its_first_byte_too_many(scene: Scene) -> None:
    _, query = await upload(scene)
    grant = scene.objects.verify_put("uploads/a", query, content_type="image/png", content_length=None)
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 1000:
            sent += 1
            yield b"123"

    with pytest.raises(TooLarge):
        await scene.objects.receive(grant, endless())
    assert sent == 4


async def test_a_client_that_goes_away_leaves_the_object_as_it_was(scene: Scene) -> None:
    _, query = await upload(scene)
    grant = scene.objects.verify_put("uploads/a", query, content_type="image/png", content_length=None)
    await scene.objects.receive(grant, in_pieces(b"0123456789"))
    begun = asyncio.Event()

    async def stalls() -> AsyncIterator[bytes]:
        yield b"98765"
        begun.set()
        await asyncio.Event().wait()

    upload_again = asyncio.create_task(scene.objects.receive(grant, stalls()))
    await begun.wait()
    upload_again.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload_again
    assert scene.objects.disk.read("uploads/a") == b"0123456789"
    assert scene.files() == ["objects/uploads/a"]


async def test_uploads_at_once_to_one_key_end_with_one_of_them_whole(scene: Scene) -> None:
    _, query = await upload(scene, size=3_000_000)
    grant = scene.objects.verify_put("uploads/a", query, content_type="image/png", content_length=None)
    bodies = [bytes([letter]) * 1_000_000 for letter in b"abcd"]
    await asyncio.gather(*(scene.objects.receive(grant, in_pieces(body, body, body)) for body in bodies))
    assert scene.objects.disk.read("uploads/a") in [body * 3 for body in bodies]
    assert scene.files() == ["objects/uploads/a"]


def test_what_died_half_written_is_swept(scene: Scene) -> None:
    draft = scene.objects.disk.draft("uploads/a")
    draft.write(b"half")
    draft.file.close()
    assert asyncio.run(scene.objects.sweep(datetime(2000, 1, 1, tzinfo=UTC))) == 0
    assert asyncio.run(scene.objects.sweep(datetime.now(UTC) + timedelta(days=1))) == 1
    assert scene.files() == []


def test_a_url_for_ever_is_public_and_a_signed_one_is_not(scene: Scene) -> None:
    access = scene.objects.verify_get(KEY, asked(scene.objects.public_url(KEY)))
    assert access.public
    url = scene.objects.signed_url(KEY, NOON + timedelta(minutes=7))
    access = scene.objects.verify_get(KEY, asked(url))
    assert not access.public
    assert access.expires_at == datetime(2026, 11, 21, 12, 10, tzinfo=UTC)


def test_a_signed_url_never_yields_a_public_one(scene: Scene) -> None:
    signature = asked(scene.objects.signed_url(KEY, NOON))["signature"]
    for query in ({"signature": signature}, {}, {"signature": ""}):
        with pytest.raises(Forbidden):
            scene.objects.verify_get(KEY, query)


def test_a_url_to_read_is_no_url_to_write(scene: Scene) -> None:
    query = asked(scene.objects.signed_url(KEY, NOON))
    with pytest.raises(Forbidden):
        scene.objects.verify_put(KEY, {**query, "size": "0", "type": ""}, content_type="", content_length=0)


def test_signed_urls_end(scene: Scene) -> None:
    query = asked(scene.objects.signed_url(KEY, NOON + timedelta(minutes=1)))
    scene.clock.at = datetime(2026, 11, 21, 12, 4, 59, tzinfo=UTC)
    scene.objects.verify_get(KEY, query)
    scene.clock.at += timedelta(seconds=1)
    with pytest.raises(Forbidden):
        scene.objects.verify_get(KEY, query)


def test_urls_of_one_window_are_one_text(scene: Scene) -> None:
    first = scene.objects.signed_url(KEY, NOON + timedelta(minutes=8))
    scene.clock.at += timedelta(seconds=30)
    assert scene.objects.signed_url(KEY, NOON + timedelta(minutes=8, seconds=30)) == first
    assert scene.objects.signed_url(KEY, NOON + timedelta(minutes=8, seconds=31)) != first


@given(
    now=st.datetimes(datetime(2024, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    minutes=st.floats(0, 60),
)
def test_a_link_lives_as_long_as_asked_but_never_past_a_quarter_of_an_hour(now: datetime, minutes: float) -> None:
    asked_for = now + timedelta(minutes=minutes)
    until = rounded(asked_for, now)
    assert until - now <= LONGEST
    assert until >= min(asked_for, now + LONGEST - WINDOW)
    assert int(until.timestamp()) % 300 == 0


async def test_what_is_stored_can_be_served(scene: Scene) -> None:
    await scene.objects.put(KEY, b"RIFF....WEBP", "image/webp")
    found = await scene.objects.open(KEY)
    assert found.path.read_bytes() == b"RIFF....WEBP"
    assert (found.size, found.content_type) == (12, "image/webp")
    await scene.objects.put(KEY, b"other bytes!", "image/webp")
    assert (await scene.objects.open(KEY)).etag != found.etag


@pytest.mark.parametrize(
    ("content", "content_type"), [(b"\x89PNG\r\n\x1a\n", "image/png"), (b"<html>", "application/octet-stream")]
)
async def test_an_original_is_served_as_what_it_is_never_as_a_page(scene: Scene, content, content_type) -> None:
    await scene.objects.put("uploads/a", content, "text/html")
    assert (await scene.objects.open("uploads/a")).content_type == content_type


@pytest.mark.parametrize("key", ["uploads/none", "photos", "photos/2026", f"{KEY}/below"])
async def test_what_is_not_there_is_not_found(scene: Scene, key: str) -> None:
    await scene.objects.put(KEY, b"x", "image/webp")
    with pytest.raises(NotFound):
        await scene.objects.open(key)
    assert await scene.objects.size(key) is None
    await scene.objects.remove([key])
    assert scene.files() == [f"objects/{KEY}"]


@pytest.mark.parametrize(
    "key",
    [
        *("", "/etc/passwd", "../up", "a/../b", "a//b", "a/", "a/./b", ".hidden", "a/.b", "a\0b", "a\nb", "a b", "ä"),
        *("a\\b", "%2e%2e/x", "~/x", "a" * 129, "a/" * 300 + "a", "C:x", "a\n"),
    ],
)
async def test_keys_that_lead_elsewhere_are_refused(scene: Scene, key: str) -> None:
    with pytest.raises(Invalid) as refused:
        await scene.objects.put(key, b"x", "image/webp")
    assert refused.value.code == "object_key_invalid"
    with pytest.raises(Refused):
        scene.objects.verify_get(key, {"signature": "x"})


@given(st.text())
def test_a_key_that_passes_stays_below_its_root(key: str) -> None:
    try:
        path = Disk(Path("/root/of/objects")).path(checked(key))
    except Invalid:
        return
    assert path.is_relative_to("/root/of/objects/objects")
    assert ".." not in path.parts


@pytest.mark.parametrize("linking", [True, False], ids=["by a link", "byte by byte"])
async def test_a_copy_is_there_at_once_and_outlives_what_it_is_of(scene: Scene, monkeypatch, linking: bool) -> None:
    def refuse(*_: Path) -> None:
        raise PermissionError

    if not linking:  # as on file systems that know no hard links
        monkeypatch.setattr(Path, "hardlink_to", refuse)
    await scene.objects.put(KEY, b"x", "image/webp")
    for _ in range(2):
        await scene.objects.copy(KEY, "photos/elsewhere.webp")
        assert set(scene.files()) == {f"objects/{KEY}", "objects/photos/elsewhere.webp"}
    await scene.objects.put(KEY, b"y", "image/webp")
    assert scene.objects.disk.read("photos/elsewhere.webp") == b"x"
    await scene.objects.remove([KEY])
    assert scene.files() == ["objects/photos/elsewhere.webp"]
    with pytest.raises(NotFound):
        await scene.objects.copy("photos/never", "photos/there")
    with pytest.raises(NotFound):
        await scene.objects.copy("photos", "photos/there")


async def test_keys_are_listed_by_prefix(scene: Scene) -> None:
    for key in ("a/1", "a/b/2", "ab/3"):
        await scene.objects.put(key, b"x", "image/webp")
    assert await scene.objects.list("a/") == ("a/1", "a/b/2")
    assert await scene.objects.list() == ("a/1", "a/b/2", "ab/3")
    await scene.objects.remove(["a/b/2"])
    assert not (scene.root / "objects/a/b").exists()


def test_folders_that_are_tidied_away_meanwhile_hold_up_no_list(tmp_path: Path, monkeypatch) -> None:
    disk = Disk(tmp_path)
    for key in ("a/1", "b/2", "c/3"):
        disk.write(key, b"x", "image/webp")
    scan, seen = os.scandir, []

    def scandir(folder):
        seen.append(folder)
        if len(seen) == 2:  # after the folder of folders was read
            disk.remove(["a/1", "b/2"])
        return scan(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    assert disk.list("") == ("c/3",)


def test_a_new_bucket_takes_its_share_and_moves_no_other_key(tmp_path: Path) -> None:
    keys = [f"photos/{number}" for number in range(3000)]
    before, after = Disk(tmp_path, ("a", "b", "c")), Disk(tmp_path, ("a", "b", "c", "d"))
    moved = [key for key in keys if before.path(key) != after.path(key)]
    assert all(after.path(key).is_relative_to(tmp_path / "d") for key in moved)
    assert 600 < len(moved) < 900
