"""`filmroll archive`: what an operator does with old months, and that nobody who reads them sees a difference."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from projections.catalogue import CATALOGUE
from tests.infra.analysis.worlds import lively
from tests.infra.cli.running import complaint, installation, say

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()


@pytest.fixture
def data(tmp_path):
    return installation(tmp_path / "data", lively(5), logs=3)


def read_by_everybody(data, folder):
    """What a replay, a tail and an export give."""
    rows = say("replay", *(projection.name for projection in CATALOGUE), "--into", "-", "--personal", "--data", data)
    say("events", "export", folder, "--personal", "--format", "jsonl", "--data", data)
    exported = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.jsonl")}
    return rows, say("events", "tail", "-n", 1000, "--personal", "--data", data), exported


def test_old_events_are_archived_let_go_and_brought_back(data, tmp_path):
    before = read_by_everybody(data, tmp_path / "before")
    events = len(before[1].splitlines())
    assert say("archive", "copy", "--data", data) == "0 events copied\n"
    assert f"{events} events copied" in say("archive", "copy", "--before", TOMORROW, "--data", data)
    assert say("archive", "copy", "--before", TOMORROW, "--data", data) == "0 events copied\n"
    assert len(say("archive", "list", "--data", data).splitlines()) == 4
    proved = f"{events} events in the archive, 0 of them there alone, 0 parts wrong\n"
    assert say("archive", "verify", "--data", data) == proved
    assert "say --yes" in say("archive", "release", "--before", TOMORROW, "--data", data)
    assert say("archive", "verify", "--data", data) == proved
    assert say("archive", "release", "--before", "2020-01-01", "--yes", "--data", data).startswith("0 ")
    assert say("archive", "release", "--before", TOMORROW, "--yes", "--data", data).startswith(f"{events} ")
    assert f"{events} of them there alone, 0 parts wrong" in say("archive", "verify", "--data", data)
    assert read_by_everybody(data, tmp_path / "away") == before
    for name in ("likes", "photos", "counters"):
        say("projections", "rebuild", name, "--data", data)
    assert say("archive", "restore", "--data", data) == f"{events} payloads are back\n"
    assert say("archive", "verify", "--data", data) == proved
    assert read_by_everybody(data, tmp_path / "back") == before


def test_a_copy_that_was_touched_is_found_and_nothing_goes(data):
    say("archive", "copy", "--before", TOMORROW, "--data", data)
    touched = min((data / "archive").rglob("*.parquet"))
    touched.write_bytes(touched.read_bytes()[:-1] + b"x")
    assert "1 parts wrong" in say("archive", "verify", "--data", data, code=1)
    assert "not what was written" in complaint("archive", "release", "--before", TOMORROW, "--yes", "--data", data)
    shown = [json.loads(line) for line in say("events", "tail", "-n", 1000, "--data", data).splitlines()]
    assert shown


def test_a_time_is_asked_for(data):
    complaint("archive", "release", "--data", data, code=2)
    complaint("archive", "copy", "--before", "0:12", "--data", data, code=2)
