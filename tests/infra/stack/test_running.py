"""The smallest real servers, from nothing to nothing: started, killed, restarted, their data kept, taken down."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
import redis

from infra.stack import control, ports, postgres, processes, reading, state
from infra.stack.addresses import Addresses
from infra.stack.layout import annex, default_cache

pytestmark = pytest.mark.cluster

SERVERS = ("redis", "postgres")
KILLS = 3
DEADLINE = 120.0
NAMES = {"redis", "postgres-a", "postgres-b", "postgres-a-replica"}


def unavailable(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    if lacking := control.missing(SERVERS, default_cache()):
        unavailable("\n".join(map(str, lacking)))
    yield tmp_path / "stack"
    control.down(tmp_path / "stack", wipe=True)


def bring_up(root: Path) -> Addresses:
    base = None if root.exists() else ports.free_base(ports.candidates(26_000))
    return control.up(root, default_cache(), SERVERS, base=base)


def conditions(root: Path) -> dict[str, str]:
    return {each.name: each.condition for each in reading.status(root) if each.name in NAMES}


def ask(dsn: str, question: str) -> object:
    with psycopg.connect(dsn) as connection:
        answer = connection.execute(question).fetchone()
    assert answer is not None
    return answer[0]


def ask_redis(url: str) -> str | None:
    with redis.Redis.from_url(url, decode_responses=True) as client:
        answer = client.get("photo")
    assert answer is None or isinstance(answer, str)
    return answer


def test_servers_come_up_survive_a_crash_with_their_data_and_go(root: Path) -> None:
    addresses = bring_up(root)
    assert conditions(root) == dict.fromkeys(NAMES, "answers")
    assert set(control.environment(root)) == {"FILMROLL_REDIS", "FILMROLL_POSTGRES", "FILMROLL_POSTGRES_REPLICAS"}

    with psycopg.connect(addresses.postgres[0]) as connection:
        connection.execute("CREATE TABLE photos AS SELECT 'kept' AS title")
    with redis.Redis.from_url(addresses.redis) as client:
        client.set("photo", "kept")
    replica = addresses.postgres_replicas[0]
    exists = "SELECT to_regclass('photos') IS NOT NULL"
    assert processes.wait_until(lambda: ask(replica, exists) is True, 10)
    assert ask(replica, "SELECT title FROM photos") == "kept"
    assert ask(addresses.postgres[1], exists) is False

    for name in ("redis", "postgres-a", "postgres-a-replica"):
        control.kill(root, name)
    assert conditions(root) == dict.fromkeys(NAMES, "dead") | {"postgres-b": "answers"}

    assert bring_up(root) == addresses == control.addresses(root)
    assert conditions(root) == dict.fromkeys(NAMES, "answers")
    assert ask_redis(addresses.redis) == "kept"
    assert ask(addresses.postgres[0], "SELECT title FROM photos") == "kept"
    assert ask(replica, "SELECT title FROM photos") == "kept"

    before = state.read(root)
    control.restart(root, "redis")
    after = state.read(root)
    assert before is not None
    assert after is not None
    assert before.processes["redis"] != after.processes["redis"]
    assert ask_redis(addresses.redis) == "kept"

    control.down(root)
    assert not any(processes.is_alive(process) for process in after.processes.values())
    assert conditions(root) == dict.fromkeys(NAMES, "stopped")
    control.down(root, wipe=True)
    assert not root.exists()
    assert not annex(root).exists()


def test_running_servers_are_left_alone(root: Path) -> None:
    control.up(root, default_cache(), ["redis"], base=ports.free_base(ports.candidates(26_000)))
    first = state.read(root)
    control.up(root, default_cache(), ["redis"])
    assert state.read(root) == first


class Visitors:
    """Sessions that come, write a row, and go, for as long as it lasts; a server that is away they try again."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._over = threading.Event()
        self._changed = threading.Condition()
        self.written = 0

    @contextmanager
    def coming(self, number: int) -> Iterator[None]:
        with psycopg.connect(self._dsn) as connection:
            connection.execute("CREATE TABLE visits (number serial)")
        threads = [threading.Thread(target=self._visit) for _ in range(number)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def more(self, visits: int) -> None:
        """Wait until so many more have written."""
        with self._changed:
            wanted = self.written + visits
            assert self._changed.wait_for(lambda: self.written >= wanted, DEADLINE)

    def _visit(self) -> None:
        while not self._over.is_set():
            try:
                with psycopg.connect(self._dsn, connect_timeout=5) as connection:
                    connection.execute("INSERT INTO visits DEFAULT VALUES")
            except psycopg.OperationalError:
                continue
            with self._changed:
                self.written += 1
                self._changed.notify_all()


def compute(dsn: str, turns: int) -> None:
    """A session that is too busy to notice that its server has gone."""
    with suppress(psycopg.OperationalError), psycopg.connect(dsn, application_name="busy") as connection:
        connection.execute(f"SELECT count(*) FROM generate_series(1, {turns}::bigint)")


def die(root: Path) -> None:
    """The server's first process alone is killed, as by a system that is short of memory; its sessions work on."""
    known = state.read(root)
    assert known is not None
    server = known.processes["postgres-b"]
    os.kill(server.pid, signal.SIGKILL)
    assert processes.wait_until(lambda: not processes.is_alive(server), DEADLINE)


def test_a_database_that_is_killed_among_its_sessions_starts_again_every_time(root: Path) -> None:
    base = ports.free_base(ports.candidates(26_000))
    dsn = control.up(root, default_cache(), ["postgres-b"], base=base).postgres[1]
    visitors = Visitors(dsn)
    busy = "SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'busy' AND state = 'active'"
    ways: list[tuple[Callable[[], None], int]] = [
        (lambda: control.kill(root, "postgres-b"), 10**12),  # which would go on for days
        (lambda: die(root), 5 * 10**6),
    ]
    with visitors.coming(6):
        for kill, turns in ways * KILLS:
            visitors.more(20)
            computing = threading.Thread(target=compute, args=(dsn, turns))
            computing.start()
            assert processes.wait_until(lambda: ask(dsn, busy) is True, DEADLINE)
            kill()
            control.up(root, default_cache(), ["postgres-b"])
            computing.join(DEADLINE)
            assert not computing.is_alive()
        visitors.more(20)
    assert int(str(ask(dsn, "SELECT count(*) FROM visits"))) >= visitors.written


def test_a_session_that_never_notices_that_its_server_has_gone_is_ended(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "ORPHANS_SECONDS", 0.5)
    base = ports.free_base(ports.candidates(26_000))
    dsn = control.up(root, default_cache(), ["postgres-b"], base=base).postgres[1]
    with psycopg.connect(dsn) as connection:
        session = connection.info.backend_pid
        os.kill(session, signal.SIGSTOP)
        die(root)
        assert processes.birth(session) is not None
        control.up(root, default_cache(), ["postgres-b"])
        assert processes.birth(session) is None
        assert ask(dsn, "SELECT true") is True
        connection.close()
