"""Events in an older stored form: rebuilt, replayed, exported and shown like those of today."""

import asyncio
import json
import sqlite3
from contextlib import closing

import pytest

from domain.wire import UPCASTERS
from projections.catalogue import CATALOGUE
from tests.infra.analysis.worlds import lively
from tests.infra.cli.running import complaint, core_of, follow, installation, say

QUERY = "select count(*) as n from photo_liked"


@pytest.fixture
def data(tmp_path):
    return installation(tmp_path / "data", lively(5).live(("like", 0, 0, 0), ("like", 2, 1, 0)))


def rename(data, old, new):
    """Make the stored events of one name look as if an older program had written them."""
    with closing(sqlite3.connect(data / "events.db")) as connection, connection:
        tables = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            if "topic" in {column[1] for column in connection.execute(f"PRAGMA table_info({name})")}
        ]
        assert sum(
            connection.execute(f"UPDATE {name} SET topic = ? WHERE topic = ?", (new, old)).rowcount for name in tables
        )


def answers(data, folder):
    rows = say("replay", "likes", "--into", "-", "--data", data)
    say("events", "export", folder, "--types", "photo.liked.v1", "--data", data)
    tailed = say("events", "tail", "-n", 1000, "--types", "photo.liked.v1", "--data", data)
    return rows, say("events", "sql", QUERY, "--from", folder, "--format", "json"), tailed


def test_older_forms_count_like_those_of_today(data, tmp_path, monkeypatch):
    today = answers(data, tmp_path / "today")
    assert json.loads(today[1])["n"] > 2
    rename(data, "photo.liked.v1", "photo.liked.v0")
    monkeypatch.setitem(UPCASTERS, "photo.liked.v0", lambda wire: ("photo.liked.v1", wire))
    assert answers(data, tmp_path / "older") == today


def test_an_unknown_event_stops_an_export_and_is_named(data, tmp_path):
    rename(data, "photo.liked.v1", "photo.adored.v1")
    said = complaint("events", "export", tmp_path / "export", "--data", data)
    assert "photo.adored.v1" in said
    assert "at 0:" in said


def test_an_event_of_tomorrow_stops_a_rebuild_only_and_waits_as_a_letter(data, monkeypatch):
    for name in ("likes", "photos"):
        say("projections", "rebuild", name, "--data", data)
    rename(data, "photo.liked.v1", "photo.liked.v9")
    said = complaint("projections", "rebuild", "likes", "--data", data)
    assert "stopped" in said
    assert "photo.liked.v9" in said
    say("projections", "drop", "likes@3", "--data", data)
    say("projections", "rebuild", "photos", "--data", data)
    shown = [json.loads(line) for line in say("events", "tail", "-n", 1000, "--data", data).splitlines()]
    unread = [line for line in shown if line["event_type"] == "photo.liked.v9"]
    assert unread
    assert all(line["data"] is None and "photo.liked.v9" in line["error"] for line in unread)

    async def level():
        async with core_of(data) as core:
            await follow(core, CATALOGUE)

    asyncio.run(level())
    letters = [json.loads(line) for line in say("letters", "list", "likes@1", "--json", "--data", data).splitlines()]
    assert {line["position"] for line in unread} <= {letter["position"] for letter in letters}
    assert say("letters", "list", "photos", "--json", "--data", data) == ""
    say("letters", "retry", "likes@1", "--data", data, code=1)
    monkeypatch.setitem(UPCASTERS, "photo.liked.v9", lambda wire: ("photo.liked.v1", wire))
    assert "0 still parked" in say("letters", "retry", "likes@1", "--data", data)
