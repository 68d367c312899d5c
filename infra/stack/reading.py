"""Look at a stack: how each server does, and what it logged."""

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from infra.stack import processes, state
from infra.stack.errors import StackError
from infra.stack.layout import Stack, log_file
from infra.stack.services import SERVICES
from infra.stack.state import State

Condition = Literal["answers", "silent", "dead", "stopped"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a server does: `silent` runs without answering, `dead` ended though nobody stopped it."""

    name: str
    condition: Condition
    port: int | None = None
    pid: int | None = None
    uptime_seconds: float | None = None
    memory_bytes: int | None = None


def status(root: Path) -> list[Standing]:
    """How every server of the stack in `root` does, each asked now."""
    root = root.resolve()
    known = state.read(root)
    if known is None:
        return [Standing(name, "stopped") for name in SERVICES]
    stack = Stack(root, known.cache, known.base, known.secrets)
    with ThreadPoolExecutor(len(SERVICES)) as pool:
        return list(pool.map(lambda name: _standing(stack, known, name), SERVICES))


def _standing(stack: Stack, known: State, name: str) -> Standing:
    process, port = known.processes.get(name), stack.port(name)
    if process is None:
        return Standing(name, "stopped", port)
    if not processes.is_alive(process):
        return Standing(name, "dead", port)
    return Standing(
        name,
        "answers" if SERVICES[name].answers(stack) else "silent",
        port,
        process.pid,
        time.time() - process.at,
        processes.resident_bytes(process.pid),
    )


def tail(file: Path, lines: int) -> list[str]:
    """The last lines of a log; none of one that does not exist."""
    if not file.exists():
        return []
    with file.open(errors="replace") as content:
        return [line.rstrip("\n") for line in deque(content, lines)]


def log(root: Path, name: str, lines: int) -> list[str]:
    """The last lines that a server logged."""
    return tail(log_file(root.resolve(), name), lines)


def follow(root: Path, name: str) -> Iterator[str]:
    """What a server logs from now on, line by line, without end; StackError when it never ran."""
    file = log_file(root.resolve(), name)
    if not file.exists():
        raise StackError(f"{name} has not logged anything yet")
    with file.open(errors="replace") as content:
        content.seek(0, 2)
        while True:
            if line := content.readline():
                yield line.rstrip("\n")
            else:
                time.sleep(processes.POLL)
