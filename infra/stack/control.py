"""Bring a stack up, take it down, and break it on purpose; every command may be repeated."""

import shutil
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from infra.stack import ports, processes, state
from infra.stack.addresses import Addresses
from infra.stack.bringing import Bringing, Report, remembered, runs, silent
from infra.stack.errors import Missing, StackError, Unavailable
from infra.stack.layout import Secrets, Stack, annex, private
from infra.stack.processes import Process
from infra.stack.service import Service
from infra.stack.services import SERVICES, chosen, one
from infra.stack.state import State

STOP_SECONDS = 30.0
OWN_DIRECTORIES = ("config", "data", "logs")


def missing(services: Iterable[str], cache: Path) -> list[Missing]:
    """What these servers (all, when none is named) need and the machine lacks."""
    return [lack for service in chosen(services) for lack in service.missing(cache.absolute())]


def up(
    root: Path,
    cache: Path,
    services: Iterable[str] = (),
    report: Report = silent,
    *,
    base: int | None = None,
    available: bool = False,
) -> Addresses:
    """Have these servers (all, when none is named) fetched, running and answering.

    Raises Unavailable before anything starts if something is missing, unless only what is `available` was asked for;
    Failed, after the others were given their chance, if a server does not answer.
    """
    root, cache = root.resolve(), cache.resolve()
    wanted = chosen(services)
    if lacking := missing((each.name for each in wanted), cache):
        if not available:
            raise Unavailable(lacking)
        wanted = _runnable(wanted, {each.service for each in lacking})
    with _locked(root), _choosing_ports(root, cache):
        bringing = Bringing(_opened(root, cache, base), report)
        bringing.all(wanted)
        return Addresses.of(bringing.stack)


def _runnable(wanted: list[Service], lacking: set[str]) -> list[Service]:
    """Those that lack nothing, nor anything that they come after."""
    kept: list[Service] = []
    for service in wanted:
        if service.name in lacking or lacking.intersection(service.after):
            lacking.add(service.name)
        else:
            kept.append(service)
    return kept


def _locked(root: Path) -> AbstractContextManager[None]:
    return state.locked(root / "lock")


def _choosing_ports(root: Path, cache: Path) -> AbstractContextManager[None]:
    """Keeps two new stacks from taking the same ports: each has bound its own before the next one looks."""
    return nullcontext() if state.read(root) else state.locked(cache / "ports.lock")


def _opened(root: Path, cache: Path, base: int | None) -> Stack:
    """The stack in `root`, made if there is none; ports move only while nothing runs."""
    known = state.read(root)
    if known is None:
        found = base or ports.free_base(ports.candidates())
        known = State(found, Secrets.generate(), cache)
    elif base not in (None, known.base) and any(map(processes.is_alive, known.processes.values())):
        raise StackError(f"the stack runs at port {known.base}: take it down before you move it to {base}")
    known = replace(known, base=base or known.base, cache=cache)
    state.write(root, known)
    (root / ".gitignore").write_text("*\n")
    private(root / "config", root / "logs")
    return Stack(root, cache, known.base, known.secrets)


def _stack(root: Path) -> tuple[Stack, State]:
    known = state.read(root)
    if known is None:
        raise StackError(f"there is no stack in {root}: start one with 'filmroll stack up'")
    return Stack(root, known.cache, known.base, known.secrets), known


def down(root: Path, report: Report = silent, *, wipe: bool = False) -> None:
    """Stop the processes that `up` started, and no others; with `wipe` forget their data, ports and secrets too."""
    root = root.resolve()
    known = state.read(root)
    if known is None:
        return
    with _locked(root):
        _stop(root, list(SERVICES), report)
        if wipe:
            for name in OWN_DIRECTORIES:
                shutil.rmtree(root / name, ignore_errors=True)
            shutil.rmtree(annex(root), ignore_errors=True)
            for name in (state.FILE, ".gitignore", "lock"):
                (root / name).unlink(missing_ok=True)
            if not any(root.iterdir()):
                root.rmdir()


def _stop(root: Path, names: list[str], report: Report) -> None:
    """Stop servers side by side, replicas before what they follow."""
    known = _stack(root)[1]
    running = {name: process for name, process in known.processes.items() if name in names}
    followers = {name for name in running if SERVICES[name].after}
    for round_ in (followers, running.keys() - followers):
        if not round_:
            continue
        with ThreadPoolExecutor(len(round_)) as pool:
            ended = {name: pool.submit(_end, name, running[name]) for name in round_}
        for name, how in ended.items():
            report(name, how.result())
    kept = {name: process for name, process in known.processes.items() if name not in running}
    state.write(root, replace(known, processes=kept))


def _end(name: str, process: Process) -> str:
    if not processes.is_alive(process):
        return "was not running"
    began = time.monotonic()
    gently = processes.stop(process, SERVICES[name].stop, STOP_SECONDS)
    return f"{'stopped' if gently else 'killed, as it would not stop'} ({time.monotonic() - began:.1f} s)"


def kill(root: Path, name: str) -> None:
    """End a server without warning, as a crash would; StackError if it does not run."""
    root = root.resolve()
    one(name)
    with _locked(root):
        process = remembered(root, name)
        if process is None or not processes.is_alive(process):
            raise StackError(f"{name} does not run")
        processes.kill(process)


def restart(root: Path, name: str, report: Report = silent) -> Addresses:
    """Stop a server if it runs, start it again, and wait until it answers; its data stays."""
    root = root.resolve()
    one(name)
    with _locked(root):
        stack, _known = _stack(root)
        _stop(root, [name], report)
        bringing = Bringing(stack, report)
        bringing.all([each for each in chosen([name]) if each.name == name or not runs(root, each.name)])
        return Addresses.of(stack)


def addresses(root: Path) -> Addresses:
    """Where the servers of the stack in `root` listen; StackError when there is no stack."""
    return Addresses.of(_stack(root.resolve())[0])


def environment(root: Path) -> dict[str, str]:
    """The program's settings for those servers of the stack that run now."""
    root = root.resolve()
    stack, known = _stack(root)
    return Addresses.of(stack).environment({name for name in known.processes if runs(root, name)})
