"""`filmroll projections`: the whole path of an operator, from status to rollback."""

import asyncio
import json
import shutil
import sqlite3
from contextlib import closing

import pytest

from domain.events import PhotoCommented, PhotoLiked
from projections.catalogue import CATALOGUE
from tests.infra.analysis.worlds import lively
from tests.infra.cli.running import complaint, core_of, follow, installation, say
from tests.projections.histories import ALBUMS, MEDIA

ALSO = [
    *(
        (verb, *turn)
        for verb in ("join", *MEDIA, *ALBUMS, "share", "report", "session", "block", "mute", "fame", "leave", "upload")
        for turn in ((0, 1, 2), (1, 0, 1), (3, 2, 0))
    ),
    ("follow", 4, 5, 0),
    ("follow", 5, 6, 0),
    ("remove", 2, 0, 0),
]
"""What gives every read model some rows."""


@pytest.fixture(scope="module")
def world():
    return lively(5).live(*ALSO)


@pytest.fixture(scope="module")
def original(tmp_path_factory, world):
    """An installation whose read models are level with its log."""
    made = installation(tmp_path_factory.mktemp("original") / "data", world, logs=3)

    async def level():
        async with core_of(made) as core:
            await follow(core, CATALOGUE)

    asyncio.run(level())
    return made


@pytest.fixture
def data(tmp_path, original):
    return shutil.copytree(original, tmp_path / "data")


def change(data, build, *statement):
    """What a slip of the hand does to a read model."""
    with closing(sqlite3.connect(data / "models" / f"{build}.db")) as connection, connection:
        assert connection.execute(*statement).rowcount == 1


def status(data):
    lines = say("projections", "status", "--json", "--data", data).splitlines()
    return {line["build"]: line for line in map(json.loads, lines)}


def liked(world):
    return next(f.event for facts in world.log.facts.values() for f in facts if isinstance(f.event, PhotoLiked))


def test_list_and_status_show_everything(data):
    listed = say("projections", "list")
    assert all(projection.name in listed for projection in CATALOGUE)
    found = status(data)
    assert found.keys() == {f"{projection.name}@1" for projection in CATALOGUE}
    for line in found.values():
        assert (line["state"], line["behind"], line["lag_s"], line["dead_letters"]) == ("live", 0, 0, 0)
    assert "likes@1" in say("projections", "status", "--data", data)


def test_rebuild_verify_switch_rollback_drop(data):
    assert "no second build" in complaint("projections", "verify", "likes", "--data", data, code=3)
    assert "likes@2 is ready" in say("projections", "rebuild", "likes", "--parallel", "2", "--data", data)
    said = say("projections", "verify", "likes", "--data", data)
    assert "likes@1 and likes@2" in said
    assert "equal" in said
    assert "retired" in complaint("projections", "rollback", "likes", "--data", data)
    say("projections", "switch", "likes@2", "--data", data)
    say("projections", "verify", "likes@1", "--data", data)
    assert "likes@1 again" in say("projections", "rollback", "likes", "--data", data)
    assert {name: line["state"] for name, line in status(data).items() if "likes" in name} == {
        "likes@1": "live",
        "likes@2": "retired",
    }
    assert "is live" in complaint("projections", "drop", "likes@1", "--data", data)
    assert "likes@2 is gone" in say("projections", "drop", "likes@2", "--data", data)
    assert "no build likes@2" in complaint("projections", "drop", "likes@2", "--data", data)


def test_every_projection_verifies(data):
    for name in (projection.name for projection in CATALOGUE):
        say("projections", "rebuild", name, "--data", data)
        said = say("projections", "verify", name, "--data", data)
        assert "equal" in said
        assert ": 0 rows" not in said, said
    assert "equal" in say("projections", "verify", "photos", "--sample", "0.5", "--data", data)


def test_a_row_changed_by_hand_is_found_and_its_events_shown(data, world):
    like = liked(world)
    say("projections", "rebuild", "likes", "--data", data)
    change(
        data,
        "likes@1",
        "UPDATE likes SET since = since + 1 WHERE photo_id = ? AND member_id = ?",
        (like.photo_id, like.member_id),
    )
    said = say("projections", "verify", "likes", "--data", data, code=1)
    assert f"differs: likes photo_id={like.photo_id} member_id={like.member_id}" in said
    assert "1 differ" in said
    shown = say("projections", "diff", "likes", "--data", data, code=1)
    events = [json.loads(line) for line in shown.splitlines() if line.lstrip().startswith('{"position"')]
    assert events
    assert {(each["data"]["photo_id"], each["data"]["member_id"]) for each in events} == {
        (like.photo_id, like.member_id)
    }
    assert {each["event_type"] for each in events} <= {"photo.liked.v1", "photo.unliked.v1"}


def test_a_missing_row_is_found_and_its_events_shown(data, world):
    photo = next(iter(world.photos))
    say("projections", "rebuild", "timelines", "--data", data)
    owner = world.photos[photo]["owner_id"]
    change(data, "timelines@1", "DELETE FROM timelines WHERE member_id = ? AND photo_id = ?", (owner, photo))
    shown = say("projections", "diff", "timelines", "--data", data, code=1)
    assert "timelines@1: no such row" in shown
    assert "photo.uploaded.v1" in shown
    assert photo in shown


def test_a_wrong_tally_is_found_by_its_list_alone(data, world):
    photo = next(f.event.photo_id for fs in world.log.facts.values() for f in fs if isinstance(f.event, PhotoCommented))
    say("projections", "rebuild", "comments", "--data", data)
    change(data, "counters@1", "UPDATE tallies SET count = count + 7 WHERE subject = ? AND kind = 'comments'", (photo,))
    said = say("projections", "verify", "comments", "--data", data, code=1)
    assert f"{photo} comments: the tally says" in said
    say("projections", "rebuild", "counters", "--data", data)
    diff = say("projections", "diff", "counters", "--data", data, code=1)
    events = [json.loads(line) for line in diff.splitlines() if line.lstrip().startswith('{"position"')]
    assert {each["event_type"] for each in events} <= {"comment.written.v1", "comment.removed.v1"}
    assert {each["data"]["photo_id"] for each in events} == {photo}


def test_pause_and_resume(data):
    say("projections", "rebuild", "likes", "--data", data)
    assert "likes@2 is paused" in say("projections", "pause", "likes@2", "--data", data)
    assert status(data)["likes@2"]["state"] == "ready, paused"
    assert status(data)["likes@1"]["state"] == "live"
    say("projections", "pause", "likes", "--data", data)
    assert status(data)["likes@1"]["state"] == "live, paused"
    say("projections", "resume", "likes", "--data", data)
    assert status(data)["likes@1"]["state"] == "live"
    assert "no build likes@9" in complaint("projections", "pause", "likes@9", "--data", data)


def test_names_are_checked():
    for words in (["rebuild", "nothing"], ["switch", "likes"], ["drop", "likes@x"], ["verify", "likes@"]):
        complaint("projections", *words, code=2)
