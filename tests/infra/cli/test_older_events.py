"""Events in an older stored form: rebuilt, replayed, exported and shown like those of today."""

import json
import sqlite3
from contextlib import closing

import pytest

from domain.wire import UPCASTERS
from tests.infra.analysis.worlds import lively
from tests.infra.cli.running import complaint, installation, say

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
    assert "log 0 can't be read" in said
