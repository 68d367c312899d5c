"""Processes that outlive the command that started them, known by pid and birth so that no other one is ever signalled."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from infra.stack.service_user import credentials

POLL = 0.05
DEAD = "ZX"  # states of a process that has ended but was not yet collected by its parent
HALTED = "Tt" + DEAD
HALT_SECONDS = END_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Process:
    """A started process: `born` tells it from a later one with the same pid, `at` is seconds since the epoch."""

    pid: int
    born: str
    at: float


def birth(pid: int) -> str | None:
    """What tells this process from any other that has, or will have, the same pid; None when it has ended."""
    if not Path("/proc/self/stat").exists():
        return _birth_by_ps(pid)
    fields = _stat(pid)
    if fields is None or fields[0] in DEAD:
        return None
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}:{fields[19]}"


def _stat(pid: int) -> list[str] | None:
    """The fields of a process's status after its name, or None when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def _birth_by_ps(pid: int) -> str | None:
    listed = subprocess.run(["ps", "-o", "state=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    line = listed.stdout.strip()
    return None if not line or line[0] in DEAD else line.partition(" ")[2].strip()


def is_alive(process: Process) -> bool:
    """Whether this very process still runs."""
    return birth(process.pid) == process.born


def spawn(arguments: Iterable[str], log: Path, *, environment: dict[str, str], user: str | None, cwd: Path) -> Process:
    """Start a process in a session of its own, its output appended to `log`; it is nobody's child, so it outlives us."""
    detach = 'umask 077; "$@" >&2 </dev/null & echo $!'
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        started = subprocess.run(
            ["sh", "-c", detach, "sh", *arguments],
            stdout=subprocess.PIPE,
            stderr=output,
            env=os.environ | environment,
            cwd=cwd,
            start_new_session=True,
            check=True,
            text=True,
            **credentials(user),
        )
    pid = int(started.stdout)
    return Process(pid, birth(pid) or "ended at once", time.time())


def family(pid: int) -> list[int]:
    """The process and all that descend from it, where the system tells."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        fields = _stat(int(entry.name))
        if fields is not None:
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    members = [pid]
    for member in members:
        members += children.get(member, [])
    return members


def within(directory: Path, program: str) -> list[int]:
    """The processes of a program that work in a directory, where the system tells."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink() == directory and (entry / "exe").readlink().name.split()[0] == program:
                found.append(int(entry.name))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # it ended meanwhile, or is somebody else's
    return found


def resident_bytes(pid: int) -> int:
    """Memory in use by the process and its descendants; what they share is counted once per process."""
    total = 0
    for member in family(pid):
        try:
            total += int(Path(f"/proc/{member}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (FileNotFoundError, ProcessLookupError, IndexError):
            continue  # it ended meanwhile
    return total


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether the condition came to hold before the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL)
    return True


def stop(process: Process, first: signal.Signals, patience: float) -> bool:
    """Ask the process to end, then make it; whether it ended by itself."""
    if not is_alive(process):
        return True
    os.kill(process.pid, first)
    if wait_until(lambda: not is_alive(process), patience):
        return True
    kill(process)
    return False


def kill(process: Process) -> None:
    """End the process and its descendants at once, as a crash would; halted first, so that it has no more children."""
    if not is_alive(process):
        return
    os.kill(process.pid, signal.SIGSTOP)
    wait_until(lambda: _is_halted(process.pid), HALT_SECONDS)  # it may be making a child at this moment
    _kill_all(family(process.pid))


def _is_halted(pid: int) -> bool:
    fields = _stat(pid)
    return fields is None or fields[0] in HALTED


def clear(directory: Path, program: str, patience: float) -> list[int]:
    """Let a program's processes that work in a directory end, then make them; those that are left all the same."""
    if not wait_until(lambda: not within(directory, program), patience):
        _kill_all(within(directory, program))
    return within(directory, program)


def _kill_all(pids: Iterable[int]) -> None:
    """End these at once; each is known by its birth from here on."""
    members = {pid: born for pid in pids if (born := birth(pid)) is not None}
    for pid, born in members.items():
        if birth(pid) == born:
            with suppress(ProcessLookupError):  # it ended meanwhile, which is what was wanted
                os.kill(pid, signal.SIGKILL)
    wait_until(lambda: all(birth(pid) != born for pid, born in members.items()), END_SECONDS)
