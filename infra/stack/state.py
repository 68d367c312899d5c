"""The state file: a stack's ports, secrets and the processes that it started; written whole, for its owner's eyes only."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from infra.stack.layout import Secrets
from infra.stack.processes import Process

FILE = "state.json"


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered between commands."""

    base: int
    secrets: Secrets
    cache: Path
    processes: dict[str, Process] = field(default_factory=dict)


def read(root: Path) -> State | None:
    """The state of the stack in `root`, or None where there is no stack."""
    try:
        stored = json.loads((root / FILE).read_text())
    except FileNotFoundError:
        return None
    return State(
        base=stored["base"],
        secrets=Secrets(**stored["secrets"]),
        cache=Path(stored["cache"]),
        processes={name: Process(**process) for name, process in stored["processes"].items()},
    )


def write(root: Path, state: State) -> None:
    """Replace the state file in one step."""
    root.mkdir(parents=True, exist_ok=True)
    content = {
        "base": state.base,
        "secrets": state.secrets.as_dict(),
        "cache": str(state.cache),
        "processes": {name: asdict(process) for name, process in state.processes.items()},
    }
    new = root / f"{FILE}.new"
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=1)
    new.replace(root / FILE)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes and threads that lock the same path waiting."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
