"""Reading: a few threads, each with connections of its own, every read on one build from beginning to end."""

import asyncio
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from infra.slow import Slow
from infra.sqlite.connections import connect, plan
from infra.sqlite.registry import Registry, Snapshot
from infra.sqlite.shapes import shape_of
from projections.stores import Model

THREADS: Final = 4
_ATTEMPTS: Final = 5

R = TypeVar("R")
T = TypeVar("T")


class Reader:
    """One build's rows, for the length of one read."""

    def __init__(self, connection: sqlite3.Connection, model: Model, slow: Slow) -> None:
        self.connection = connection
        self._model = model
        self._slow = slow

    def rows(self, cls: type[R], tail: str, *values: Any) -> list[R]:
        """Rows of a table as `SELECT … FROM table` finds them with this tail."""
        shape = shape_of(cast(type, cls))
        decode = shape.decode
        found = self._found(f"SELECT {shape.names} FROM {shape.table.name} {tail}", values)  # noqa: S608
        return [cast(R, decode(row)) for row in found]

    def values(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a whole statement finds."""
        return self._found(statement, values)

    def _found(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        began = time.perf_counter()
        found = self.connection.execute(statement, values).fetchall()
        took = time.perf_counter() - began
        self._slow.note(self._model, statement, took, lambda: plan(self.connection, statement, values))
        return found


class _Local(threading.local):
    """What each reading thread has open, and the registry's snapshot of when it last tidied up."""

    def __init__(self) -> None:
        self.open: dict[Model, sqlite3.Connection] = {}
        self.tidied: Snapshot | None = None


class Readers:
    """The reading threads."""

    def __init__(self, registry: Registry, path_of: Callable[[Model], Path], slow: Slow) -> None:
        self._registry = registry
        self._slow = slow
        self._path_of = path_of
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="read-models")
        self._local = _Local()
        self._opened: set[sqlite3.Connection] = set()
        self._busy: Counter[Model] = Counter()
        self._quiet = threading.Condition()

    async def live(self, projection: str, read: Callable[[Reader], T]) -> T:
        """Read the live build of a projection; raises `NoLiveModelError` where it has none."""
        return await self._run(self._read_live, projection, read)

    async def one(self, model: Model, read: Callable[[Reader], T]) -> T:
        """Read a certain build."""
        return await self._run(self._read, model, read)

    async def every(self, read: Callable[[Snapshot, Callable[[Model], Reader]], T]) -> T:
        """Read several builds in one go; each must stand in the snapshot."""
        return await self._run(self._read_every, read)

    def wait_until_unread(self, model: Model) -> None:
        """Block until no read of this process is on a build; nobody may begin one any more."""
        with self._quiet:
            self._quiet.wait_for(lambda: not self._busy[model])
            del self._busy[model]

    def close(self) -> None:
        """Let running reads end, and all files go."""
        self._threads.shutdown()
        for connection in self._opened:
            connection.close()
        self._opened.clear()

    async def _run(self, function: Callable[..., T], *values: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, copy_context().run, function, *values)

    def _read_live(self, projection: str, read: Callable[[Reader], T]) -> T:
        def attempt(snapshot: Snapshot) -> T:
            with self._reading(snapshot.live(projection)) as reader:
                return read(reader)

        return self._steadily(attempt)

    def _read(self, model: Model, read: Callable[[Reader], T]) -> T:
        def attempt(snapshot: Snapshot) -> T:
            if model not in snapshot.entries:
                raise ValueError(f"there is no build {model}")
            with self._reading(model) as reader:
                return read(reader)

        return self._steadily(attempt)

    def _read_every(self, read: Callable[[Snapshot, Callable[[Model], Reader]], T]) -> T:
        return self._steadily(lambda snapshot: read(snapshot, self._reader))

    def _steadily(self, attempt: Callable[[Snapshot], T]) -> T:
        """A build may be dropped between the look at the registry and the read: then a new look finds another."""
        for _ in range(_ATTEMPTS):
            snapshot = self._registry.snapshot()
            try:
                return attempt(snapshot)
            except sqlite3.OperationalError:
                if self._registry.snapshot() is snapshot:
                    raise
        raise sqlite3.OperationalError("builds were switched and dropped faster than they could be read")

    @contextmanager
    def _reading(self, model: Model) -> Iterator[Reader]:
        with self._quiet:
            self._busy[model] += 1
        try:
            yield self._reader(model)
        finally:
            with self._quiet:
                self._busy[model] -= 1
                self._quiet.notify_all()

    def _reader(self, model: Model) -> Reader:
        return Reader(self._connection(model), model, self._slow)

    def _connection(self, model: Model) -> sqlite3.Connection:
        snapshot = self._registry.snapshot()
        if self._local.tidied is not snapshot:
            self._tidy(snapshot)
        connection = self._local.open.get(model)
        if connection is None:
            connection = self._local.open[model] = connect(self._path_of(model), read_only=True)
            self._opened.add(connection)
        return connection

    def _tidy(self, snapshot: Snapshot) -> None:
        """Close what this thread has open of builds that are gone, so that their space comes free."""
        for model in [model for model in self._local.open if model not in snapshot.entries]:
            connection = self._local.open.pop(model)
            self._opened.discard(connection)
            connection.close()
        self._local.tidied = snapshot
