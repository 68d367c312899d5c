"""PostgreSQL's own ways to lose, double or hold up events: lost connections, restarts, vacuum, many processes."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg
import pytest
from eventsourcing.persistence import StoredEvent
from psycopg.conninfo import make_conninfo
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.testing import capture_logs

from infra.eventstore.postgres_database import Database, UnsafeSetting, connect
from infra.eventstore.postgres_migration import PlacementError, found_or_check, migrate
from infra.eventstore.postgres_opening import dsns_in, open_postgres_store
from infra.eventstore.postgres_recorder import LogRecorder
from infra.slow import Slow
from infra.stack import control
from tests import databases
from tests.contracts.event_stores import CONTEXT, Clock, PostgresPlace, stream, write
from tests.contracts.writers import Writers, at_rest, everything
from tests.servers import Servers

pytestmark = pytest.mark.cluster

SERVERS = ("postgres-a", "postgres-b")


@pytest.fixture
def place(stack: Servers) -> Iterator[PostgresPlace]:
    made = PostgresPlace.on(stack.need(*SERVERS).postgres, 16)
    yield made
    made.end()


def now() -> datetime:
    return datetime.now(UTC)


async def test_processes_write_at_once_and_a_reader_who_follows_misses_nothing(place: PostgresPlace) -> None:
    store = place.open(now)
    seen: list[str] = []
    reached = dict.fromkeys(range(store.logs), 0)

    async def follow() -> None:
        for log, after in reached.items():
            page = await store.read(log, after, 1000, personal=False)
            seen.extend(f"{log} {fact.position.number} {fact.event_id}" for fact in page.facts)
            reached[log] = page.last

    with Writers(place, 4) as writers:
        writing = asyncio.get_running_loop().run_in_executor(None, writers.wait, 6000)
        while not writing.done():
            await follow()
        await writing
        acknowledged = writers.kill()
    there = await at_rest(store)
    while reached != {log: await store.head(log) for log in reached}:
        await follow()
    assert sorted(seen) == sorted(there)
    assert set(acknowledged) <= set(there)
    await store.close()


@pytest.mark.parametrize("hurt", ["its sessions are ended", "it is restarted", "it is killed"])
async def test_nothing_is_lost_or_doubled_when_a_server_leaves(place: PostgresPlace, stack: Servers, hurt: str) -> None:
    ways: dict[str, Callable[[], object]] = {
        "its sessions are ended": lambda: end_sessions(place.dsns[1]),
        "it is restarted": lambda: control.restart(stack.root, "postgres-b"),
        "it is killed": lambda: (control.kill(stack.root, "postgres-b"), stack.need(*SERVERS)),
    }
    with Writers(place, 2) as writers:
        for _ in range(3):
            await asyncio.to_thread(writers.wait, 300)
            await asyncio.to_thread(ways[hurt])
        await asyncio.to_thread(writers.wait, 300)
        assert writers.running
        acknowledged = writers.kill()
    store = place.open(now)
    there = await everything(store)
    assert set(acknowledged) <= set(there)
    assert len({line.rsplit(" ", 1)[1] for line in there}) == len(there)
    await store.close()


def end_sessions(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'filmroll'"
        )


async def test_reads_go_on_after_the_server_ended_their_connections(place: PostgresPlace) -> None:
    store = place.open(Clock())
    (fact,) = await store.append([write(stream("a"))], CONTEXT)
    for _ in range(3):
        for dsn in place.dsns:
            end_sessions(dsn)
        assert (await store.load(stream("a")))[0].events == (fact,)
        assert (await store.read(0, 0, 10)).facts == (fact,)
    await store.close()


async def test_vacuum_holds_up_no_writer(place: PostgresPlace) -> None:
    store = place.open(Clock())
    for dsn in place.dsns:
        with psycopg.connect(dsn) as vacuuming:
            names = vacuuming.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'log_%'").fetchall()
            for (name,) in names:
                vacuuming.execute(f"LOCK TABLE {name} IN SHARE UPDATE EXCLUSIVE MODE")
            logs = {int(name[4:]) for (name,) in names}
            for log in logs:
                await asyncio.wait_for(store.append([write(stream("s", log))], CONTEXT), timeout=4)
    await store.close()


async def test_the_librarys_own_insert_keeps_the_same_lock_and_numbers(place: PostgresPlace) -> None:
    store = place.open(Clock())
    await store.append([write(stream("a"))], CONTEXT)
    (home,) = [dsn for dsn in place.dsns if has_log(dsn, 0)]
    with Database(home) as database:
        recorder = LogRecorder(database, 0)
        with psycopg.connect(home) as other, ThreadPoolExecutor(1) as pool:
            other.execute("SELECT pg_advisory_xact_lock(%s, 0)", (0x66696C6D,))
            inserted = pool.submit(recorder.insert_events, [StoredEvent("b", 1, "photo.liked.v1", b"{}")])
            assert not inserted.done()
            other.commit()
            assert inserted.result() == [2]
        notifications = recorder.select_notifications(None, 10)
        assert [(each.id, each.originator_id) for each in notifications] == [(1, "a"), (2, "b")]
        assert [each.originator_version for each in recorder.select_events("b")] == [1]
    await store.close()


def has_log(dsn: str, log: int) -> bool:
    with psycopg.connect(dsn) as connection:
        found = connection.execute("SELECT to_regclass(%s)", (f"public.log_{log:04}",)).fetchone()
    return bool(found and found[0])


async def test_replicas_give_full_pages_and_the_primary_the_rest(stack: Servers) -> None:
    addresses = stack.need(*SERVERS, "postgres-a-replica")
    place = PostgresPlace.on(addresses.postgres[:1], 1)
    replica = psycopg.conninfo.make_conninfo(
        addresses.postgres_replicas[0], dbname=psycopg.conninfo.conninfo_to_dict(place.dsns[0])["dbname"]
    )
    writer = place.open(Clock())
    facts = await writer.append([write(stream(f"s{n}")) for n in range(25)], CONTEXT)
    await asyncio.to_thread(level, place.dsns[0], replica)
    store = open_postgres_store(place.dsns, logs=1, keys=place.keys(), now=Clock(), replicas=[replica])
    with psycopg.connect(replica, autocommit=True) as standby:
        standby.execute("SELECT pg_wal_replay_pause()")
        try:
            late = await writer.append([write(stream("late"))], CONTEXT)
            pages = [await store.read(0, after, 10) for after in (0, 10, 20, 25, 26)]
        finally:
            standby.execute("SELECT pg_wal_replay_resume()")
        asked = standby.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'filmroll'").fetchone()
    assert [page.facts for page in pages] == [facts[:10], facts[10:20], facts[20:] + late, late, ()]
    assert asked
    assert asked[0] > 0
    await store.close()
    await writer.close()
    place.end()


def level(primary: str, replica: str) -> None:
    """Wait until the replica has replayed what the primary has written."""
    deadline = time.monotonic() + 30
    there = make_conninfo(replica, dbname="postgres")  # the database itself may not have come yet
    with psycopg.connect(primary) as one, psycopg.connect(there, autocommit=True) as other:
        (reached,) = one.execute("SELECT pg_current_wal_lsn()").fetchone() or ("",)
        while other.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", (reached,)).fetchone() != (True,):
            assert time.monotonic() < deadline, "the replica doesn't follow"


async def test_a_slow_load_is_logged_with_its_plan_and_the_trace_of_who_asked(place: PostgresPlace) -> None:
    store = open_postgres_store(place.dsns, logs=16, keys=place.keys(), now=Clock(), slow=Slow(0))
    await store.append([write(stream("s"))], CONTEXT)
    with capture_logs(processors=[merge_contextvars]) as entries:
        with bound_contextvars(trace_id="one"):
            (loaded,) = await store.load(stream("s"))
        with bound_contextvars(trace_id="two"):
            await store.read(stream("s").log(16), 0, 10)
    await store.close()
    assert loaded.version == 1
    assert [entry["trace_id"] for entry in entries] == ["one", "two"]
    for entry in entries:
        assert entry["event"] == "slow query"
        assert any("Scan" in step for step in entry["plan"]), entry["plan"]


def test_a_replica_that_does_not_answer_is_left_out(place: PostgresPlace) -> None:
    store = open_postgres_store(
        place.dsns, logs=16, keys=place.keys(), now=Clock(), replicas=["postgresql://nobody@127.0.0.1:1/none"]
    )
    asyncio.run(store.close())


def test_processes_that_start_together_migrate_once(stack: Servers) -> None:
    dsns = databases.fresh(stack.need(*SERVERS).postgres)
    threads = [threading.Thread(target=migrate, args=(dsns, 8)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with connect(dsns[0]) as catalogue:
        assert catalogue.execute("SELECT count(*) FROM placement WHERE made").fetchone() == (8,)
    databases.drop(dsns)


def test_a_store_opens_only_over_its_own_databases(place: PostgresPlace, stack: Servers) -> None:
    def opened(*dsns: str, logs: int = 16) -> None:
        open_postgres_store(dsns, logs=logs, keys=place.keys(), now=Clock())

    strangers = databases.fresh(stack.need(*SERVERS).postgres)
    with pytest.raises(PlacementError, match="not been migrated"):
        opened(*strangers)
    migrate(strangers, 16)
    with pytest.raises(PlacementError, match="one installation"):
        opened(place.dsns[0], strangers[1])
    with pytest.raises(PlacementError, match="first one first"):
        opened(place.dsns[1], place.dsns[0])
    with pytest.raises(PlacementError, match="16 logs, not 8"):
        opened(*place.dsns, logs=8)
    with pytest.raises(PlacementError, match="16 logs, not 8"):
        migrate(place.dsns, 8)
    with pytest.raises(PlacementError, match="another installation"):
        migrate([place.dsns[0], strangers[1]], 16)
    databases.drop(strangers)


def test_an_installation_keeps_its_number_of_logs_and_its_secret(stack: Servers) -> None:
    dsns = databases.fresh(stack.need(*SERVERS).postgres[:1])
    with pytest.raises(PlacementError, match="no installation"):
        found_or_check(dsns[0], None, "proof", create=False)
    assert found_or_check(dsns[0], 64, "proof") == 64
    assert found_or_check(dsns[0], 64, "proof") == 64
    assert found_or_check(dsns[0], None, "proof", create=False) == 64
    with pytest.raises(PlacementError, match="64 logs, for ever"):
        found_or_check(dsns[0], 16, "proof")
    with pytest.raises(PlacementError, match="FILMROLL_SECRET"):
        found_or_check(dsns[0], None, "another", create=False)
    databases.drop(dsns)


def test_database_functions_are_refused(place: PostgresPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_ENABLE_DB_FUNCTIONS", "no")
    asyncio.run(place.open(Clock()).close())
    monkeypatch.setenv("ANY_POSTGRES_ENABLE_DB_FUNCTIONS", "y")
    with pytest.raises(UnsafeSetting, match="ANY_POSTGRES_ENABLE_DB_FUNCTIONS"):
        place.open(Clock())


def test_every_wait_is_bounded(place: PostgresPlace) -> None:
    with Database(place.dsns[0]) as database, database.get_connection() as connection:
        shown = {
            name: (connection.execute(f"SHOW {name}").fetchone() or {})[name]
            for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
        }
    assert shown == {
        "lock_timeout": "5s",
        "statement_timeout": "1min",
        "idle_in_transaction_session_timeout": "10s",
    }


def test_a_setting_lists_databases_and_may_number_them() -> None:
    listed = "postgresql://a:b@h:1/d=0, postgresql://a@h/d?connect_timeout=5,host=h dbname=d"
    assert dsns_in(listed) == ["postgresql://a:b@h:1/d", "postgresql://a@h/d?connect_timeout=5", "host=h dbname=d"]
    assert dsns_in("") == []
