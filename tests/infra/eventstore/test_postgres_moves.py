"""Moving logs between databases while processes write and read them: nothing lost, nothing doubled, no number changed."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from infra.cli import logs as cli
from infra.eventstore import moving, placement
from infra.eventstore.postgres_database import connect
from infra.eventstore.postgres_migration import PlacementError, exclusively, register
from tests import databases
from tests.contracts.event_stores import CONTEXT, Clock, PostgresPlace, stream, write
from tests.contracts.writers import Writers, at_rest
from tests.servers import Servers

pytestmark = pytest.mark.cluster

LOG = 3


@pytest.fixture
def place(stack: Servers) -> Iterator[PostgresPlace]:
    made = PostgresPlace.on(stack.need("postgres-a", "postgres-b").postgres, 8)
    yield made
    made.end()


def lies_in(place: PostgresPlace, log: int = LOG) -> int:
    with connect(place.dsns[0]) as catalogue:
        return placement.placements(catalogue)[log].database


def sql(dsn: str, statement: str) -> Any:
    with psycopg.connect(dsn) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone() if cursor.description else None


async def test_logs_move_to_and_fro_while_processes_write_and_a_reader_follows(place: PostgresPlace) -> None:
    store = place.open(lambda: datetime.now(UTC))
    seen: list[str] = []
    reached = dict.fromkeys(range(store.logs), 0)

    async def follow() -> None:
        for log, after in reached.items():
            page = await store.read(log, after, 1000, personal=False)
            seen.extend(f"{log} {fact.position.number} {fact.event_id}" for fact in page.facts)
            reached[log] = page.last

    def move_about(writers: Writers) -> list[moving.Moving | None]:
        done = []
        for turn in range(12):
            writers.wait(200)
            log = turn % 3
            done.append(moving.move(place.dsns, log, 1 - lies_in(place, log)))
        writers.wait(400)
        return done

    with Writers(place, 3) as writers:
        moves = asyncio.get_running_loop().run_in_executor(None, move_about, writers)
        while not moves.done():
            await follow()
        assert all(done and done.facts for done in await moves)
        assert writers.running
        acknowledged = writers.kill()
    there = await at_rest(store)
    while reached != {log: await store.head(log) for log in reached}:
        await follow()
    assert set(acknowledged) <= set(there)
    assert sorted(seen) == sorted(there)
    assert len({line.rsplit(" ", 1)[1] for line in there}) == len(there)
    await store.close()


async def test_a_process_that_has_not_heard_of_a_move_writes_and_reads_at_the_new_place(place: PostgresPlace) -> None:
    one, other = place.open(Clock()), place.open(Clock())
    facts = await one.append([write(stream("a", LOG))], CONTEXT)
    facts += await other.append([write(stream("b", LOG))], CONTEXT)
    old = lies_in(place)
    moved = moving.move(place.dsns, LOG, 1 - old)
    assert moved
    assert moved.facts == 2
    assert moving.move(place.dsns, LOG, 1 - old) is None
    facts += await one.append([write(stream("a", LOG), expected=1)], CONTEXT)
    assert [fact.position.number for fact in facts] == [1, 2, 3]
    assert (await other.read(LOG, 0, 10)).facts == facts
    assert (await other.load(stream("a", LOG)))[0].events == (facts[0], facts[2])
    assert sql(place.dsns[old], f"SELECT to_regclass('public.log_{LOG:04}')") == (None,)
    await one.close()
    await other.close()


async def test_numbers_go_on_behind_those_that_were_given_to_nobody(place: PostgresPlace) -> None:
    store = place.open(Clock())
    await store.append([write(stream("a", LOG))], CONTEXT)
    old = lies_in(place)
    sql(place.dsns[old], f"SELECT nextval('log_{LOG:04}_notification_id_seq') FROM generate_series(1, 5)")
    moving.move(place.dsns, LOG, 1 - old)
    (fact,) = await store.append([write(stream("b", LOG))], CONTEXT)
    assert fact.position.number == 7
    await store.close()


Breaking = Callable[[moving._Move], None]


def breaks(name: str) -> Breaking:
    def broken(*_: object) -> None:
        raise ConnectionResetError(name)

    return broken


@pytest.mark.parametrize("step", ["_copy", "_fence", "_compare", "_number_on", "_enter", "_tell"])
async def test_a_move_that_was_broken_off_goes_on_when_it_is_asked_for_again(
    place: PostgresPlace, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    store = place.open(Clock())
    facts = await store.append([write(stream(f"s{n}", LOG)) for n in range(50)], CONTEXT)
    target = 1 - lies_in(place)
    with monkeypatch.context() as broken:
        broken.setattr(moving._Move, step, breaks(step))
        with pytest.raises(ConnectionResetError):
            moving.move(place.dsns, LOG, target)
    with pytest.raises(PlacementError, match="on its way"):
        moving.move(place.dsns, LOG, 1 - target)
    if step not in ("_enter", "_tell"):  # not fenced yet: all goes on
        facts += await store.append([write(stream("meanwhile", LOG))], CONTEXT)
    assert moving.move(place.dsns, LOG, target)
    facts += await store.append([write(stream("after", LOG))], CONTEXT)
    assert (await store.read(LOG, 0, 100)).facts == facts
    assert [fact.position.number for fact in facts] == list(range(1, len(facts) + 1))
    await store.close()


async def test_a_copy_that_differs_is_not_taken(place: PostgresPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    store = place.open(Clock())
    facts = await store.append([write(stream(f"s{n}", LOG)) for n in range(5)], CONTEXT)
    target = 1 - lies_in(place)
    with monkeypatch.context() as broken:
        broken.setattr(moving._Move, "_fence", breaks("_fence"))
        with pytest.raises(ConnectionResetError):
            moving.move(place.dsns, LOG, target)
    sql(place.dsns[target], f"UPDATE arriving.log_{LOG:04} SET state = 'x' WHERE notification_id = 2")
    with pytest.raises(PlacementError, match="not copied well"):
        moving.move(place.dsns, LOG, target)
    assert (await store.read(LOG, 0, 10)).facts == facts
    await store.append([write(stream("goes on", LOG))], CONTEXT)
    sql(place.dsns[target], f"DROP TABLE arriving.log_{LOG:04}")
    assert moving.move(place.dsns, LOG, target) is not None
    await store.close()


async def test_a_long_read_does_not_let_a_fence_hold_up_writers(
    place: PostgresPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "FENCES", 1)
    store = place.open(Clock())
    await store.append([write(stream("a", LOG))], CONTEXT)
    old = lies_in(place)
    with psycopg.connect(place.dsns[old]) as reader:
        reader.execute(f"SELECT * FROM log_{LOG:04}")
        with pytest.raises(PlacementError, match="read without a pause"):
            await asyncio.to_thread(moving.move, place.dsns, LOG, 1 - old)
        await store.append([write(stream("b", LOG))], CONTEXT)
    assert moving.move(place.dsns, LOG, 1 - old)
    await store.close()


async def test_a_database_more_takes_its_share_from_processes_that_run(place: PostgresPlace, stack: Servers) -> None:
    store = place.open(Clock())
    written = [await store.append([write(stream(f"s{log}", log))], CONTEXT) for log in range(8)]
    (third,) = databases.fresh(stack.need("postgres-b").postgres[1:])
    with connect(place.dsns[0]) as catalogue, exclusively(catalogue):
        assert register(catalogue, third) == 2
        assert register(catalogue, third) == 2
    moved: list[tuple[int, int]] = []
    moving.rebalance(place.dsns, lambda done, target: moved.append((done.log, target)))
    assert moved
    assert {target for _, target in moved} == {2}
    for log, facts in enumerate(written):
        (fact,) = await store.append([write(stream(f"s{log}", log), expected=1)], CONTEXT)
        assert (await store.load(stream(f"s{log}", log)))[0].events == (*facts, fact)
    assert moving.tidy(place.dsns) == len(moved)
    assert moving.tidy(place.dsns) == 0
    await store.close()
    databases.drop([third])


def test_an_operator_lists_and_moves_logs(place: PostgresPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILMROLL_POSTGRES", ",".join(place.dsns))
    run = CliRunner().invoke
    assert "2 databases hold 8 logs" in run(cli.app, ["migrate"]).output
    target = 1 - lies_in(place)
    assert f"log {LOG}: 0 facts to database {target}" in run(cli.app, ["move", str(LOG), str(target)]).output
    assert f"log {LOG} lies there" in run(cli.app, ["move", str(LOG), str(target)]).output
    shown = run(cli.app, ["list"]).output
    assert "database 1: " in shown
    assert "filmroll:" not in shown
    assert f"log {LOG}: 0 facts" in run(cli.app, ["rebalance"]).output
    assert "2 old tables dropped" in run(cli.app, ["tidy"]).output
    assert isinstance(run(cli.app, ["move", "99", "0"]).exception, PlacementError)
    assert isinstance(run(cli.app, ["move", "0", "9"]).exception, PlacementError)
    monkeypatch.delenv("FILMROLL_POSTGRES")
    assert isinstance(run(cli.app, ["list"]).exception, PlacementError)
