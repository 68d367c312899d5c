"""Tables and SQL over exports and over a log."""

import asyncio
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from domain.events import PhotoLiked
from infra.analysis.exporting import export
from infra.analysis.extras import MissingExtraError, extra
from infra.analysis.formats import Format
from infra.analysis.manifest import Content, ExportError
from infra.analysis.tables import mentioned, of_export, of_log, types_behind
from tests.infra.analysis.worlds import lively, one_of_each

LIKES = "select photo_id, count(*) as likes from photo_liked group by photo_id order by photo_id"


def likes(log):
    found = {}
    for facts in log.facts.values():
        for fact in facts:
            if isinstance(fact.event, PhotoLiked):
                found[fact.event.photo_id] = found.get(fact.event.photo_id, 0) + 1
    return [{"photo_id": photo, "likes": count} for photo, count in sorted(found.items())]


@pytest.mark.parametrize("kind", list(Format))
async def test_sql_says_what_the_events_say(tmp_path, kind):
    log = lively().log
    await export(log, tmp_path, Content(kind, None, personal=False), after={}, through=log.heads())
    events = of_export(tmp_path)
    assert events.sql(LIKES).to_pylist() == likes(log)
    (total,) = events.sql("select count(*) as n, max(recorded_at) as last from events").to_pylist()
    assert total["n"] == sum(map(len, log.facts.values()))
    assert total["last"] == max(fact.recorded_at for facts in log.facts.values() for fact in facts)
    by_type = events.sql("select event_type, count(*) as n from events group by 1").to_pylist()
    assert {row["event_type"]: row["n"] for row in by_type}["photo.liked.v1"] == len(events.arrow("photo_liked"))
    data = "select data->>'photo_id' as photo from events where event_type = 'photo.liked.v1'"
    assert {row["photo"] for row in events.sql(data).to_pylist()} == {row["photo_id"] for row in likes(log)}


async def test_tables_are_typed(tmp_path):
    events = await of_log(one_of_each(), tmp_path, personal=True)
    schema = events.arrow("photo_processed").schema
    assert {name: str(schema.field(name).type) for name in ("photo_id", "happened_at", "number")} == {
        "photo_id": "string",
        "happened_at": "timestamp[us, tz=UTC]",
        "number": "int64",
    }
    (row,) = events.sql(
        "select rendition.variants[1].width as w, location.latitude as l from photo_processed"
    ).to_pylist()
    assert row == {"w": 42, "l": 1.5}
    (row,) = events.sql("select len(tags) as n, year(happened_at) as y from photo_uploaded").to_pylist()
    assert row == {"n": 1, "y": 2026}


async def test_only_what_is_asked_for_is_read(tmp_path):
    log = lively().log
    events = await of_log(log, tmp_path, names=mentioned(LIKES, ["events", "photo_liked", "photo_unliked"]))
    assert events.sql(LIKES).to_pylist() == likes(log)
    assert events.manifest.events == sum(row["likes"] for row in likes(log))
    assert types_behind(["photo_liked"]) == ("photo.liked.v1",)
    assert types_behind(["events", "photo_liked"]) is types_behind([]) is None


async def test_polars_and_pandas_tables(tmp_path):
    events = await of_log(lively().log, tmp_path)
    frame = events.polars("photo_liked")
    assert frame.height == len(events.arrow("photo_liked"))
    assert str(frame.schema["recorded_at"]) == "Datetime(time_unit='us', time_zone='UTC')"
    if find_spec("pandas"):
        assert len(events.pandas("photo_liked")) == frame.height
    else:
        with pytest.raises(MissingExtraError, match="pip install pandas"):
            events.pandas("photo_liked")


def test_a_missing_library_is_named_with_how_to_get_it():
    with pytest.raises(MissingExtraError, match=r"pip install 'filmroll\[analyst\]'"):
        extra("no_such_library")


def test_a_folder_without_an_export_is_refused(tmp_path):
    with pytest.raises(ExportError):
        of_export(tmp_path)


def test_the_example_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    page = (Path(__file__).parents[3] / "README.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    log = lively().log
    asyncio.run(
        export(log, tmp_path / "facts", Content(Format.PARQUET, None, personal=False), after={}, through=log.heads())
    )
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "README.md", "exec"), names := {})
    counted = {row["photo_id"]: row["likes"] for row in likes(log)}
    assert names["busiest"]["len"].to_list() == sorted(counted.values(), reverse=True)[:10]
    assert sum(names["daily"]["n"].to_pylist()) == sum(map(len, log.facts.values()))
    assert "photo_id" in capsys.readouterr().out
