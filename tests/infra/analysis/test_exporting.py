"""Exports: the same facts are the same bytes, parts add up, and nothing personal leaves unasked."""

import asyncio
import json
from datetime import timedelta
from hashlib import sha256

import pytest
from jsonschema import Draft202012Validator
from pyarrow.parquet import ParquetFile

from domain.events import EVENT_TYPES, PhotoLiked, event_type
from domain.positions import Position
from domain.recorded import Recorded
from infra.analysis.columns import EVENTS, data_of, table_name, tables
from infra.analysis.exporting import export
from infra.analysis.formats import ROWS, Format
from infra.analysis.manifest import Content, ExportError, damaged, load
from infra.analysis.reference import schema
from infra.analysis.tables import of_export
from streams.moments import Moment, reached_at
from streams.ports import Page
from tests.infra.analysis.worlds import STEPS, forgotten, lively, one_of_each
from tests.streams.memory_log import START

ALL = Content(Format.PARQUET, None, personal=False)
every_format = pytest.mark.parametrize("kind", list(Format))


def written(directory):
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def keys(facts):
    return [(fact.position.log, fact.position.number) for fact in facts]


def everything(log):
    return [fact for number in range(log.logs) for fact in log.facts[number]]


def rows(directory, table=EVENTS):
    return of_export(directory).arrow(table).to_pylist()


async def take(log, directory, content=ALL, *, after=None, through=None):
    return await export(log, directory, content, after=after or {}, through=through or log.heads())


@every_format
async def test_a_second_run_gives_the_same_bytes(tmp_path, kind):
    content = Content(kind, None, personal=True)
    for name in ("one", "other"):
        manifest = await take(lively().log, tmp_path / name, content)
    assert manifest.events > 100
    assert written(tmp_path / "one") == written(tmp_path / "other")


async def test_how_pages_are_cut_does_not_show(tmp_path, monkeypatch):
    await take(lively().log, tmp_path / "one")
    monkeypatch.setattr("infra.analysis.exporting.PAGE", 7)
    await take(lively().log, tmp_path / "other")
    assert written(tmp_path / "one") == written(tmp_path / "other")


@every_format
async def test_incremental_parts_add_up_to_one_export(tmp_path, kind):
    world, content = lively(5), Content(kind, None, personal=False)
    for _ in range(3):
        manifest = await take(world.log, tmp_path / "parts", content)
        world.live(*STEPS)
    assert (await take(world.log, tmp_path / "parts", content)).events == len(everything(world.log))
    whole = await take(world.log, tmp_path / "whole", content)
    parts = load(tmp_path / "parts")
    assert len(parts.parts) == 4
    assert [part.after for part in parts.parts[1:]] == [part.through for part in parts.parts[:-1]]
    assert (parts.events, parts.through) == (whole.events, whole.through)
    for name in of_export(tmp_path / "whole").names():
        order = [("log", "ascending"), ("number", "ascending")]
        one, other = (of_export(tmp_path / each).arrow(name).sort_by(order) for each in ("parts", "whole"))
        assert one.to_pylist() == other.to_pylist()
    assert manifest.events < parts.events


async def test_an_export_that_goes_on_leaves_no_gap_whatever_it_is_told(tmp_path):
    world = lively(2)
    first = await take(world.log, tmp_path)
    world.live(*STEPS)
    later = await take(world.log, tmp_path, after=world.log.heads())
    assert later.parts[1].after == first.through
    assert later.events == len(everything(world.log))


async def test_with_nothing_new_nothing_is_written(tmp_path):
    log = lively().log
    await take(log, tmp_path)
    before = written(tmp_path)
    assert len((await take(log, tmp_path)).parts) == 1
    assert written(tmp_path) == before


async def test_an_empty_log_is_an_empty_export(tmp_path):
    log = lively(0).log
    assert (await take(log, tmp_path)).events == 0
    assert rows(tmp_path) == rows(tmp_path, "photo_liked") == []


@every_format
async def test_every_event_comes_back_typed_and_whole(tmp_path, kind):
    log = one_of_each()
    await take(log, tmp_path, Content(kind, None, personal=True))
    validator = Draft202012Validator(json.loads(schema()))
    assert [(row["log"], row["number"]) for row in rows(tmp_path)] == keys(everything(log))
    for row in rows(tmp_path):
        validator.validate({"event_type": row["event_type"], "data": json.loads(row["data"])})
    for fact in everything(log):
        (row,) = rows(tmp_path, table_name(event_type(fact.event)))
        assert (row["stream"], row["recorded_at"]) == (fact.stream, fact.recorded_at)
        wanted = data_of(fact, personal=True)
        found = {"at" if name == "happened_at" else name: value for name, value in row.items()}
        assert found["at"] == fact.event.at
        assert {name: value for name, value in wanted.items() if isinstance(value, str | int | float)}.items() <= {
            name: value if not hasattr(value, "isoformat") else value.isoformat(timespec="microseconds")
            for name, value in found.items()
        }.items()


@every_format
async def test_personal_fields_stay_where_they_are_unless_asked_for(tmp_path, kind):
    await take(one_of_each(), tmp_path, Content(kind, None, personal=False))
    for known in EVENT_TYPES.values():
        (row,) = rows(tmp_path, table_name(known))
        assert not row.keys() & set(known.personal)
        assert "“as written”" not in "".join(str(row.get(field)) for field in known.personal)
    assert not any(name in row["data"] for row in rows(tmp_path) for name in ("password_hash", 'email"', "bio"))


@every_format
async def test_erased_fields_are_null(tmp_path, kind):
    await take(forgotten(one_of_each()), tmp_path, Content(kind, None, personal=True))
    for known in EVENT_TYPES.values():
        (row,) = rows(tmp_path, table_name(known))
        assert {row[field] for field in known.personal} <= {None}


async def test_types_and_ranges_are_kept_to(tmp_path):
    world = lively()
    log, facts = world.log, everything(world.log)
    middle = sorted(fact.recorded_at for fact in facts)[len(facts) // 2]
    through = await reached_at(log, Moment(middle))
    first = await take(log, tmp_path / "first", through=through)
    assert first.events == sum(fact.recorded_at <= middle for fact in facts)
    rest = await take(log, tmp_path / "rest", after=through)
    assert first.events + rest.events == len(facts)
    assert await reached_at(log, Moment(middle - timedelta(days=999))) == dict.fromkeys(range(log.logs), 0)
    likes = Content(Format.PARQUET, ("photo.liked.v1",), personal=False)
    assert (await take(log, tmp_path / "likes", likes)).events == sum(
        event_type(fact.event).name == "photo.liked.v1" for fact in facts
    )
    assert of_export(tmp_path / "likes").names() == [EVENTS, "photo_liked"]


async def test_a_folder_goes_on_only_with_what_it_holds(tmp_path):
    log = lively().log
    await take(log, tmp_path)
    with pytest.raises(ExportError, match="another export"):
        await take(log, tmp_path, Content(Format.ARROW, None, personal=False))


async def test_the_manifest_tells_what_was_written_and_what_was_changed_since(tmp_path):
    manifest = await take(lively().log, tmp_path)
    assert damaged(tmp_path, manifest) == []
    for file in manifest.parts[0].files:
        content = (tmp_path / file.path).read_bytes()
        assert (file.bytes, file.sha256) == (len(content), sha256(content).hexdigest())
    spoiled = manifest.parts[0].files[0].path
    (tmp_path / spoiled).write_bytes(b"")
    assert damaged(tmp_path, manifest) == [spoiled]


async def test_a_killed_export_is_written_again(tmp_path):
    log = lively().log

    class Dying:
        logs, head = log.logs, log.head

        async def read(self, number, *rest, **more):
            if number == 2:
                raise asyncio.CancelledError
            return await log.read(number, *rest, **more)

    with pytest.raises(asyncio.CancelledError):
        await take_from(Dying(), log, tmp_path / "killed")
    assert load(tmp_path / "killed") is None
    await take(log, tmp_path / "killed")
    await take(log, tmp_path / "whole")
    assert written(tmp_path / "killed") == written(tmp_path / "whole")


async def take_from(dying, log, directory):
    return await export(dying, directory, ALL, after={}, through=log.heads())


async def test_rows_go_out_in_groups_of_a_fixed_size(tmp_path):
    class Long:
        """A log that is made up as it is read."""

        logs = 1
        events = 2 * ROWS + 5

        async def head(self, log):
            return self.events

        async def read(self, log, after, limit, names=None, *, personal=True):
            like = PhotoLiked(at=START, photo_id="p", owner_id="o", member_id="m")
            last = min(after + limit, self.events)
            facts = tuple(
                Recorded(like, "s", 1, Position(0, number), "e", START + timedelta(microseconds=number), "", "", "")
                for number in range(after + 1, last + 1)
            )
            return Page(facts, last, more=last < self.events)

    await export(Long(), tmp_path, ALL, after={}, through={0: Long.events})
    found = ParquetFile(tmp_path / "photo_liked" / "part-00001.parquet")
    assert [found.metadata.row_group(at).num_rows for at in range(3)] == [ROWS, ROWS, 5]


def test_no_field_of_an_event_hides_the_envelope():
    for personal in (True, False):
        for table in tables(personal=personal).values():
            names = [column.name for column in table.columns]
            assert len(names) == len(set(names))
