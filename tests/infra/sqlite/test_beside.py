"""What lies beside the read models: views that wait in memory, and lists that end some time after their last use."""

import asyncio
import sqlite3

import pytest

from commands.errors import Unavailable
from infra.sqlite.views import SqliteViews
from infra.sqlite.walks import LASTS_S, SqliteWalks


async def test_views_go_into_the_file_by_themselves(tmp_path):
    views = SqliteViews(tmp_path / "views.db", every_s=0.01)
    other = SqliteViews(tmp_path / "views.db")
    await views.add(["a", "a", "b"])
    await views._flushing
    assert await other.of(["a", "b"]) == {"a": 2, "b": 1}
    assert await views.of(["a", "b"]) == {"a": 2, "b": 1}
    await asyncio.gather(views.close(), other.close())


async def test_views_are_never_told_twice_while_they_go_into_the_file(tmp_path):
    views = SqliteViews(tmp_path / "views.db", every_s=0.0)
    for count in range(1, 200):
        await views.add(["a"])
        assert await views.of(["a"]) == {"a": count}
    await views.close()


async def test_what_cannot_be_written_waits_on_and_is_told(tmp_path):
    views = SqliteViews(tmp_path / "views.db", every_s=0.0)
    await views.of(["a"])
    with sqlite3.connect(tmp_path / "views.db") as other:
        other.execute("ALTER TABLE views RENAME TO gone")
    await views.add(["a"])
    await asyncio.wait({views._flushing})
    with sqlite3.connect(tmp_path / "views.db") as other:
        other.execute("ALTER TABLE gone RENAME TO views")
    with pytest.raises(Unavailable):
        await views.add(["a"])
    assert await views.of(["a"]) == {"a": 2}
    await views.close()


async def test_a_list_ends_after_its_last_use(tmp_path):
    now = [1_000_000.0]
    walks = SqliteWalks(tmp_path / "walks.db", clock=lambda: now[0])
    await walks.keep("used", 0, ["a"])
    await walks.keep("left", 0, ["b"])
    now[0] += LASTS_S - 1
    assert await walks.kept("used", 0) == ["a"]
    now[0] += LASTS_S - 1
    await walks.keep("new", 0, ["c"])
    assert await walks.kept("used", 0) == ["a"]
    assert await walks.kept("left", 0) is None
    await walks.close()
