"""`filmroll events` over an installation: show, export, check, SQL, and the reference."""

import json

import pytest

from domain.events import EVENT_TYPES
from tests.infra.analysis.worlds import lively
from tests.infra.cli.running import complaint, installation, say


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return installation(tmp_path_factory.mktemp("events") / "data", lively(5), logs=3)


def test_tail_and_show_speak_of_the_same_event(data):
    lines = [json.loads(line) for line in say("events", "tail", "-n", 3, "--data", data).splitlines()]
    for line in lines:
        assert json.loads(say("events", "show", line["position"], "--data", data)) == line
    assert lines[0]["trace_id"] == "trace"


def test_what_is_not_there_is_refused(data, tmp_path):
    assert "no event at 0:999999" in complaint("events", "show", "0:999999", "--data", data)
    assert "no event at 7:1" in complaint("events", "show", "7:1", "--data", data)
    assert "no event is called photo.lost.v1" in complaint(
        "events", "export", tmp_path / "e", "--types", "photo.lost.v1", "--data", data, code=2
    )
    assert "no event is called" in complaint("events", "tail", "--types", "photo.liked", "--data", data, code=2)
    assert "neither a time" in complaint("events", "export", tmp_path / "e", "--until", "soon", "--data", data, code=2)
    assert "no export" in complaint("events", "sql", "select 1 from events", "--from", tmp_path)


def test_an_export_is_repeated_byte_by_byte_checked_and_asked(data, tmp_path):
    for name in ("one", "other"):
        assert "events added" in say("events", "export", tmp_path / name, "--data", data)
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert all((tmp_path / "one" / path).read_bytes() == (tmp_path / "other" / path).read_bytes() for path in files)
    assert say("events", "export", tmp_path / "one", "--data", data).startswith("0 events added")
    assert "all files as written" in say("events", "check", tmp_path / "one")
    query = "select count(*) as likes from photo_liked"
    over_log = say("events", "sql", query, "--format", "json", "--data", data)
    assert over_log == say("events", "sql", query, "--format", "json", "--from", tmp_path / "one")
    assert json.loads(over_log)["likes"] > 0
    (tmp_path / "one" / "photo_liked" / "part-00001.parquet").write_bytes(b"")
    assert "photo_liked/part-00001.parquet" in complaint("events", "check", tmp_path / "one")


def test_ranges_by_position_tile(data, tmp_path):
    lines = [json.loads(line) for line in say("events", "tail", "-n", 1000, "--data", data).splitlines()]
    middle = lines[len(lines) // 2]["position"]
    first = say("events", "export", tmp_path / "first", "--until", middle, "--data", data)
    rest = say("events", "export", tmp_path / "rest", "--since", middle, "--data", data)
    assert int(first.split()[0]) == len(lines) // 2 + 1
    assert int(first.split()[0]) + int(rest.split()[0]) == len(lines)


def test_personal_columns_are_there_only_when_asked_for(data):
    query = "select count(username) as n from member_registered"
    assert json.loads(say("events", "sql", query, "--personal", "--format", "json", "--data", data))["n"] > 0
    assert "username" in complaint("events", "sql", query, "--data", data)


def test_sql_prints_tables_and_csv(data):
    query = "select event_type, count(*) as n from events group by 1 order by 1"
    table = say("events", "sql", query, "--data", data)
    rows = say("events", "sql", query, "--format", "csv", "--data", data).splitlines()
    assert rows[0] == "event_type,n"
    assert all(row.partition(",")[0] in table for row in rows)


def test_the_catalogue_is_printed_in_both_forms():
    assert all(f"## {name}" in say("events", "catalogue") for name in EVENT_TYPES)
    assert json.loads(say("events", "catalogue", "--json-schema"))["$defs"].keys() == EVENT_TYPES.keys()
