"""What a stack remembers, which ports it takes, and that it signals its own processes only."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.stack import ports, processes, state
from infra.stack.errors import StackError
from infra.stack.layout import Secrets, annex, default_cache
from infra.stack.processes import Process
from infra.stack.service_user import can_pass
from infra.stack.state import State


@pytest.fixture
def asleep(tmp_path: Path) -> Iterator[Process]:
    """A process with a child, started as servers are."""
    command = ("sh", "-c", "echo begun; sleep 60 & wait")
    process = processes.spawn(command, tmp_path / "log", environment={}, user=None, cwd=tmp_path)
    assert processes.wait_until(lambda: len(processes.family(process.pid)) == 2, 10)
    yield process
    processes.kill(process)


def test_a_started_process_logs_and_is_nobodys_child(asleep: Process, tmp_path: Path) -> None:
    assert processes.is_alive(asleep)
    assert (tmp_path / "log").read_text() == "begun\n"
    assert os.getsid(asleep.pid) != os.getsid(0)
    with pytest.raises(ChildProcessError):
        os.waitpid(asleep.pid, os.WNOHANG)


def test_killing_ends_the_whole_family(asleep: Process) -> None:
    born = {pid: processes.birth(pid) for pid in processes.family(asleep.pid)}
    processes.kill(asleep)
    assert not processes.is_alive(asleep)
    assert [pid for pid, before in born.items() if processes.birth(pid) == before] == []


def test_a_later_process_with_the_same_pid_is_left_alone(asleep: Process) -> None:
    earlier = Process(asleep.pid, "another birth", asleep.at)
    assert not processes.is_alive(earlier)
    processes.kill(earlier)
    assert processes.stop(earlier, signal.SIGTERM, 1)
    assert processes.is_alive(asleep)


def test_a_process_that_will_not_stop_is_killed(tmp_path: Path) -> None:
    command = ("sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.05; done")
    deaf = processes.spawn(command, tmp_path / "log", environment={}, user=None, cwd=tmp_path)
    assert processes.wait_until(lambda: "deaf" in (tmp_path / "log").read_text(), 10)
    assert not processes.stop(deaf, signal.SIGTERM, 0.2)
    assert not processes.is_alive(deaf)


def test_waiting_ends_at_its_deadline() -> None:
    assert not processes.wait_until(lambda: False, 0.1)


def test_state_comes_back_as_it_was_written_for_its_owner_only(tmp_path: Path) -> None:
    written = State(19_400, Secrets.generate(), tmp_path / "cache", {"redis": Process(12, "boot:34", 56.5)})
    state.write(tmp_path, written)
    assert state.read(tmp_path) == written
    assert (tmp_path / "state.json").stat().st_mode & 0o777 == 0o600


def test_there_is_no_state_where_there_is_no_stack(tmp_path: Path) -> None:
    assert state.read(tmp_path) is None


def test_secrets_differ_from_stack_to_stack() -> None:
    one, other = Secrets.generate().as_dict(), Secrets.generate().as_dict()
    assert not set(one.values()).intersection(other.values())


def test_a_base_is_passed_over_when_one_of_its_ports_is_taken() -> None:
    first = ports.free_base(ports.candidates(27_000))
    with socket.socket() as taken:
        taken.bind((ports.HOST, first + ports.OFFSETS["redis"]))
        taken.listen()
        assert not ports.is_free(first + ports.OFFSETS["redis"])
        assert ports.free_base(ports.candidates(first)) > first


def test_no_free_base_is_said_plainly() -> None:
    with pytest.raises(StackError, match="--base"):
        ports.free_base([])


def test_the_cache_goes_where_the_user_keeps_caches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "filmroll" / "stack"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_cache() == tmp_path / ".cache" / "filmroll" / "stack"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can step down to another account")
def test_an_account_passes_only_where_every_directory_lets_it(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert can_pass("nobody", Path("/var/tmp/data"))
    assert not can_pass("nobody", closed / "data")
    assert can_pass(None, closed / "data")


def test_data_set_apart_is_told_apart_by_stack(tmp_path: Path) -> None:
    assert annex(tmp_path / "one") != annex(tmp_path / "other")
