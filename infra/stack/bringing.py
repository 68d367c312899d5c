"""Bringing servers up: fetch, configure, start and wait, side by side where they don't need each other."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from infra.stack import ports, processes, state
from infra.stack.errors import Failed, StackError
from infra.stack.layout import Stack
from infra.stack.processes import Process
from infra.stack.reading import tail
from infra.stack.service import Service, Tell

Report = Callable[[str, str], None]

START_SECONDS = 300.0  # only against one that hangs: one that ends is noticed at once, and a busy machine is slow


def silent(_service: str, _message: str) -> None:
    """A report for callers that want none."""


def remembered(root: Path, name: str) -> Process | None:
    """The process that was last started for a server and not stopped since."""
    known = state.read(root)
    return None if known is None else known.processes.get(name)


def runs(root: Path, name: str) -> bool:
    """Whether a server that was started still runs."""
    process = remembered(root, name)
    return process is not None and processes.is_alive(process)


@dataclass(slots=True)
class Bringing:
    """One run of `up`: servers side by side, each after those that it needs."""

    stack: Stack
    report: Report
    halt: threading.Event = field(default_factory=threading.Event)
    writing: threading.Lock = field(default_factory=threading.Lock)

    def all(self, services: list[Service]) -> None:
        """Bring these servers up; Failed names every one that could not be."""
        with ThreadPoolExecutor(max(len(services), 1)) as pool:
            begun: dict[str, Future[None]] = {}
            for service in services:
                before = [begun[name] for name in service.after]
                begun[service.name] = pool.submit(self.one, service, before)
            try:
                errors = [future.exception() for future in begun.values()]
            except KeyboardInterrupt:
                self.halt.set()
                raise
        for error in errors:
            if error is not None and not isinstance(error, StackError):
                raise error
        if failed := [str(error) for error in errors if error is not None]:
            raise Failed("\n".join(failed))

    def one(self, service: Service, before: list["Future[None]"]) -> None:
        """Bring one server up."""

        def tell(message: str) -> None:
            self.report(service.name, message)

        began = time.monotonic()
        if any(future.exception() is not None for future in before):
            raise Failed(f"{service.name}: not started, for want of {', '.join(service.after)}")
        process = remembered(self.stack.root, service.name)
        if process is not None and processes.is_alive(process):
            self._await(service, process)
            tell(f"already running on port {self.stack.port(service.name)}")
            return
        self._prepare(service, tell)
        self._await(service, self._start(service, tell))
        tell(f"answers on port {self.stack.port(service.name)} ({time.monotonic() - began:.1f} s)")

    def _prepare(self, service: Service, tell: Tell) -> None:
        try:
            service.fetch(self.stack.cache, tell)
            for name in service.ports:
                self._claim(self.stack.port(name))
            service.configure(self.stack, tell)
        except Failed as error:
            raise Failed(f"{service.name}: {error}") from error

    def _claim(self, port: int) -> None:
        """See that a port is free; a server that just ended may hold it for a moment."""
        if not processes.wait_until(lambda: ports.is_free(port), 2):
            raise Failed(f"port {port} is taken by another program: choose others with --base")

    def _start(self, service: Service, tell: Tell) -> Process:
        tell("starting")
        launch = service.launch(self.stack)
        process = processes.spawn(
            launch.arguments,
            self.stack.log(service.name),
            environment=dict(launch.environment),
            user=launch.user,
            cwd=Path(self.stack.cache.anchor),
        )
        with self.writing:
            known = state.read(self.stack.root)
            if known is not None:
                remembered = known.processes | {service.name: process}
                state.write(self.stack.root, replace(known, processes=remembered))
        return process

    def _await(self, service: Service, process: Process) -> None:
        def settled() -> bool:
            return self.halt.is_set() or service.answers(self.stack) or not processes.is_alive(process)

        in_time = processes.wait_until(settled, START_SECONDS)
        if self.halt.is_set():
            raise Failed(f"{service.name}: interrupted")
        if in_time and processes.is_alive(process):
            return
        how = "ended before it answered" if in_time else f"does not answer after {START_SECONDS:.0f} s"
        log = self.stack.log(service.name)
        raise Failed(f"{service.name}: {how}. The end of {log}:\n" + "\n".join(tail(log, 15)))
