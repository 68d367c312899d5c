"""`filmroll replay` over an installation: rows as they stood at a moment."""

import json

import pytest

from projections.catalogue import CATALOGUE
from tests.infra.analysis.worlds import lively
from tests.infra.cli.running import complaint, installation, say

NAMES = [projection.name for projection in CATALOGUE]


@pytest.fixture(scope="module")
def world():
    return lively(5)


@pytest.fixture(scope="module")
def data(tmp_path_factory, world):
    return installation(tmp_path_factory.mktemp("replay") / "data", world, logs=3)


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def positions(data):
    return [line["position"] for line in lines(say("events", "tail", "-n", 1000, "--data", data))]


def test_rows_are_printed_or_kept_in_files(data, tmp_path, world):
    rows = lines(say("replay", "likes", "profiles", "--into", "-", "--data", data))
    assert {(row["row"]["photo_id"], row["row"]["member_id"]) for row in rows if row["table"] == "likes"} == world.likes
    assert sum(row["table"] == "profiles" for row in rows) == len(world.members)
    said = say("replay", *NAMES, "--into", tmp_path / "all", "--data", data)
    assert {path.name for path in (tmp_path / "all").glob("*@1.db")} == {f"{name}@1.db" for name in NAMES}
    assert said == say("replay", *NAMES, "--into", tmp_path / "all", "--data", data)


def test_personal_fields_are_blank_unless_asked_for(data):
    blank = lines(say("replay", "profiles", "--into", "-", "--data", data))
    shown = lines(say("replay", "profiles", "--into", "-", "--personal", "--data", data))
    assert {row["row"]["username"] for row in blank} == {""}
    assert "" not in {row["row"]["username"] for row in shown}
    assert [row["row"]["member_id"] for row in blank] == [row["row"]["member_id"] for row in shown]


def test_a_folder_keeps_to_its_moment(data, tmp_path):
    early, late = positions(data)[5], positions(data)[-1]
    say("replay", "likes", "--until", early, "--into", tmp_path, "--data", data)
    assert "another moment" in complaint("replay", "likes", "--until", late, "--into", tmp_path, "--data", data)
    assert "no event at" in complaint("replay", "likes", "--until", "0:999999", "--into", "-", "--data", data)
    complaint("replay", "nothing", "--into", "-", "--data", data, code=2)


def test_before_the_first_event_there_is_nothing(data):
    assert say("replay", *NAMES, "--until", "2020-01-01", "--into", "-", "--data", data) == ""
