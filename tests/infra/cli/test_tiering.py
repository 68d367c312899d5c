"""`filmroll media tier`: originals that grow old beside a server that goes on."""

from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from infra.cli import tiering
from infra.core import utc_now
from infra.images.sniff import JPEG, sniff
from tests.infra.cli.running import complaint, say
from tests.infra.cli.test_rerendering import until
from tests.people import Person, jpeg, person
from tests.serving import Server


@pytest.fixture
def served(data):
    running = Server(data).start()
    yield running
    running.stop()


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Folders of two of the three tiers."""
    made = {name: tmp_path / name for name in ("warm", "cold")}
    monkeypatch.setenv("FILMROLL_MEDIA_TIER_FOLDERS", ",".join(f"{name}={path}" for name, path in made.items()))
    return made


def later(monkeypatch, days: float) -> None:
    monkeypatch.setattr(tiering, "utc_now", lambda: utc_now() + timedelta(days=days))


def originals(folder: Path) -> list[int]:
    return [path.stat().st_size for path in folder.rglob("original") if not path.is_symlink()]


def original(ana: Person, photo: str) -> bytes:
    answer = ana.call("GET", f"/photos/{photo}/original", status=302)
    found = httpx.get(answer.headers["Location"])
    assert found.status_code == 200
    return found.content


def test_originals_move_by_their_age_and_are_are_read_and_rendered_from_there(served, data, folders, monkeypatch):
    ana = person(served.url, "ana")
    contents = [jpeg(1, (900, 600)), jpeg(2, (640, 480))]
    photos = [ana.publish(content) for content in contents]
    assert {ana.ready(photo)["status"] for photo in photos} == {"ready"}
    total = sum(map(len, contents))

    assert say("media", "tier", "--data", data) == f"hot: 2 originals of {total:,} bytes stay\n"
    later(monkeypatch, 31)
    would = f"hot → warm: 2 originals of {total:,} bytes would move\n"
    assert say("media", "tier", "--dry-run", "--data", data) == would
    assert say("media", "tier", "--dry-run", "--data", data) == would
    assert sorted(originals(data)) == sorted(map(len, contents))

    assert say("media", "tier", "--data", data) == f"hot → warm: 2 originals of {total:,} bytes moved\n"
    assert say("media", "tier", "--data", data) == f"warm: 2 originals of {total:,} bytes stay\n"
    assert originals(data) == []
    assert sorted(originals(folders["warm"])) == sorted(map(len, contents))
    assert [original(ana, photo) for photo in photos] == contents

    later(monkeypatch, 400)
    said = say("media", "tier", "--data", data).splitlines()
    assert said == [
        f"warm → cold: 2 originals of {total:,} bytes moved",
        f"frozen: 2 originals of {total:,} bytes belong there, but FILMROLL_MEDIA_TIER_FOLDERS names no place for it",
    ]
    assert originals(folders["warm"]) == []
    assert [original(ana, photo) for photo in photos] == contents
    part = ana.call("GET", f"/photos/{photos[0]}/original", status=302).headers["Location"]
    ranged = httpx.get(part, headers={"Range": "bytes=2-9"})
    assert (ranged.status_code, ranged.content) == (206, contents[0][2:10])

    before = {variant["url"] for variant in ana.get(f"/photos/{photos[0]}")["image"]["variants"]}
    ana.call("PUT", f"/photos/{photos[0]}/edits", json={"rotate": 90}, status=202)
    until(lambda: ana.ready(photos[0])["image"]["height"] == 900)
    new = {variant["url"] for variant in ana.get(f"/photos/{photos[0]}")["image"]["variants"]}
    assert not before & new
    assert all(sniff(httpx.get(url).content[:64]) == JPEG for url in new if url.endswith("jpeg"))

    later(monkeypatch, 40)
    assert "cold → warm: 2 originals" in say("media", "tier", "--data", data)
    assert [original(ana, photo) for photo in photos] == contents


def test_what_can_not_be_found_or_moved_is_named_and_the_rest_goes_on(served, data, folders, monkeypatch):
    ana = person(served.url, "ana")
    first, second = (ana.publish(jpeg(seed)) for seed in (1, 2))
    assert {ana.ready(photo)["status"] for photo in (first, second)} == {"ready"}
    later(monkeypatch, 31)
    folders["warm"].write_text("no folder")
    done = complaint("media", "tier", "--data", data)
    assert done.count("stays where it is") == 2
    assert original(ana, first) == jpeg(1)
    folders["warm"].unlink()
    say("media", "tier", "--data", data)
    held = next(path for path in folders["warm"].rglob("original") if path.read_bytes() == jpeg(1))
    held.unlink()
    for dry in ([], ["--dry-run"]):
        assert "is missing from its folder (warm)" in complaint("media", "tier", *dry, "--data", data)
    assert original(ana, second) == jpeg(2)


def test_rules_that_contradict_themselves_are_refused(data, tmp_path, monkeypatch):
    Server(data).start().stop()
    for variable, value, said in (
        ("FILMROLL_MEDIA_TIER_FOLDERS", f"icy={tmp_path / 'icy'}", "there is no tier icy"),
        ("FILMROLL_MEDIA_TIER_FOLDERS", f"warm={data / 'objects' / 'warm'}", "within one another"),
        ("FILMROLL_MEDIA_TIERS", "warm=30,cold=30", "an age of its own"),
        ("FILMROLL_MEDIA_TIERS", "hot=30", "a name and an age of its own"),
    ):
        with monkeypatch.context() as patch:
            patch.setenv(variable, value)
            assert said in complaint("media", "tier", "--dry-run", "--data", data)
