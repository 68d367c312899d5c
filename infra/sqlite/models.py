"""The port `ReadModels` over SQLite files: `likes@1.db` and so on in one directory, and their registry."""

import asyncio
import fcntl
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Any, Final, TypeVar

from domain.recorded import Recorded
from infra.caching.hits import Hits
from infra.slow import Slow
from infra.sqlite.build import Build, checkpoints
from infra.sqlite.connections import create, files_of
from infra.sqlite.journal import Changed, Journal
from infra.sqlite.keeping import Held, Kind
from infra.sqlite.letters import parked
from infra.sqlite.readers import Reader, Readers
from infra.sqlite.registry import Registry, Snapshot
from infra.sqlite.tables import create_statements, statements
from infra.sqlite.tides import Tides
from projections.grounds import aside, doubted
from projections.rows import Key, Projection, Row
from projections.stores import Batch, DeadLetter, Fed, Model, ModelStatus, RebuildRunningError, State

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")

_LOOK_S: Final = 0.005
"""How long a look at the registry counts for what is kept in memory; a build that was live is fed for longer."""
_WRITERS: Final = 16
"""At most so many builds are written at the same time; the threads are made as they are needed."""


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


class SqliteReadModels:
    """All builds in a directory; to be opened before use and closed after it, on the same event loop."""

    def __init__(
        self,
        directory: Path,
        catalogue: Iterable[Projection],
        *,
        now: Callable[[], datetime] = utc_now,
        slow: Slow = Slow(),  # noqa: B008 - frozen
    ) -> None:
        self.directory = directory
        self.catalogue = {projection.name: projection for projection in catalogue}
        self.tides = Tides()
        self._now = now
        self._slow = slow
        self.hits = Hits()
        self._builds: dict[Model, Build] = {}
        self._journals: dict[Model, Journal] = {}
        self._held: dict[Model, Held] = {}
        self._looked: tuple[float, Snapshot] | None = None

    async def open(self) -> None:
        """Open the directory, and finish what interrupted drops left behind."""
        self._writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="write-models")
        self._registry = await asyncio.to_thread(self._open)
        self._readers = Readers(self._registry, self.path_of, self._slow)

    async def close(self) -> None:
        """Let running reads and writes end, and all files go."""
        await asyncio.to_thread(self._close)

    def path_of(self, model: Model) -> Path:
        """Where a build lies."""
        return self.directory / f"{model}.db"

    async def read(self, projection: Projection, read: Callable[[Reader], T]) -> T:
        """Run a read on the live build of a projection; raises `NoLiveModelError` where it has none."""
        doubted()
        return await self._readers.live(projection.name, read)

    async def read_every(self, read: Callable[[Snapshot, Callable[[Model], Reader]], T]) -> T:
        """Run a read over several builds."""
        doubted()
        return await self._readers.every(read)

    async def some(
        self,
        projection: Projection,
        kind: Kind[K, V],
        keys: Iterable[K],
        load: Callable[[list[K]], Awaitable[Mapping[K, V]]],
    ) -> dict[K, V]:
        """What the live build of a projection has under keys: from memory, where it is known to be as the file has it.

        `load` reads the live build for what is not. Raises `NoLiveModelError` where there is none.
        """
        held = self._held_of(projection)

        async def read(missing: list[K]) -> Mapping[K, V]:
            loaded = await load(missing)
            if self._registry.glimpse().alias.get(projection.name) != held.model:
                held.close()  # it may have read another build than this one
            return loaded

        return await held.some(kind, keys, read)

    @asynccontextmanager
    async def watching(self, projection: Projection, kind: Kind[K, object], keys: Iterable[K]) -> AsyncIterator[None]:
        """For reads of what lies under keys: their answer is not kept, but stands until a row changes there.

        That is noted before the rows are read, so that a change in between counts.
        """

        async def marks(missing: list[K]) -> Mapping[K, object]:
            return {key: object() for key in missing}

        await self.some(projection, kind, keys, marks)
        with aside():
            yield

    async def apply(self, projection: Projection, facts: Sequence[Recorded]) -> None:
        """Apply facts ahead of the log to every build that is fed."""
        await self._write(self._apply, projection, facts)

    async def write(self, model: Model, change: Callable[[sqlite3.Connection], object], changed: Changed) -> None:
        """Change rows of a build, those of these keys, beside its log, in a transaction of their own."""
        await self._write(lambda: self._build(model).write(change, changed))

    async def read_one(self, model: Model, read: Callable[[Reader], T]) -> T:
        """Run a read on a certain build; `ValueError` where there is none."""
        doubted()
        return await self._readers.one(model, read)

    async def status(self) -> Sequence[ModelStatus]:
        """Every build there is, by projection and build."""
        return await self._readers.every(_status)

    async def checkpoints(self, model: Model) -> Mapping[int, int]:
        """How far one build has come, logs that it has not begun left out; `LookupError` where there is no such build."""
        return await self._readers.every(partial(_checkpoints, model))

    async def create(self, projection: Projection, state: State) -> Model:
        """A new, empty build with the next number."""
        script = create_statements(projection)

        def prepare(model: Model) -> None:
            create(self.path_of(model), script)

        return await self._write(self._registry.add, projection.name, projection.version, state, prepare)

    async def feed(self, model: Model, projection: Projection, batch: Batch, *, park: bool) -> Fed:
        """Apply a batch and move its log's checkpoint, in one transaction."""
        fed = await self._write(lambda: self._build(model).feed(projection, batch, park=park))
        if fed is Fed.APPLIED:
            self.tides.turn()
        return fed

    async def mark(self, model: Model, state: State) -> None:
        """Say what a build is for."""
        await self._write(self._registry.mark, model, state)

    async def pause(self, model: Model, *, paused: bool) -> None:
        """Say whether followers leave a build alone, in every process."""
        await self._write(lambda: self._registry.pause(model, paused=paused))

    async def tidy(self) -> None:
        """Empty all files of the bytes of what was deleted from them."""
        for status in await self.status():
            await self._write(self._build(status.model).tidy)

    async def switch(self, model: Model) -> None:
        """Let reads use this build from now on, in every process."""
        await self._write(self._registry.switch, model)
        self.tides.turn()

    async def drop(self, model: Model) -> None:
        """Strike a build out, wait until nobody here reads it, and delete its files.

        What another process has open goes on until it has read to the end.
        """
        await self._write(self._drop, model)

    @asynccontextmanager
    async def rebuilding(self, projection: str) -> AsyncIterator[None]:
        """Held through a lock on a file, which the system takes back from a killed process."""
        with await self._write(self._claim, projection):
            yield

    async def rows(self, model: Model, cls: type, *, after: Key | None, limit: int) -> Sequence[Row]:
        """The rows of a build in the order of their key, after a key."""
        known = statements(cls, dated=self.catalogue[model.projection].last_writer_wins)

        def page(reader: Reader) -> list[Row]:
            found = reader.values(known.after(first=after is None), *(after or ()), limit)
            return [known.shape.decode(row) for row in found]

        return await self._readers.one(model, page)

    async def dead_letters(self, model: Model, *, limit: int) -> Sequence[DeadLetter]:
        """What is parked, in the order of the log."""
        return await self._readers.one(model, lambda reader: parked(reader.connection, model, limit))

    async def retry(self, model: Model, projection: Projection, facts: Sequence[Recorded]) -> int:
        """Apply parked facts of one stream, in order, and delete their letters, in one transaction."""
        applied = await self._write(lambda: self._build(model).retry(projection, facts))
        if applied:
            self.tides.turn()
        return applied

    async def discard(self, model: Model, log: int, number: int) -> None:
        """Give a parked fact up for good."""
        await self._write(lambda: self._build(model).discard(log, number))

    async def _write(self, function: Callable[..., T], *values: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writers, function, *values)

    def _open(self) -> Registry:
        self.directory.mkdir(parents=True, exist_ok=True)
        registry = Registry(self.directory / "models.db")
        registry.snapshot()  # so that there is something to glimpse
        for model in registry.dropped():
            self._delete(model)
        return registry

    def _close(self) -> None:
        self._readers.close()
        for held in self._held.values():
            held.close()
        self._held.clear()
        self._writers.shutdown()
        for build in self._builds.values():
            build.close()
        self._builds.clear()
        self._registry.close()

    def _build(self, model: Model) -> Build:
        """`setdefault` is atomic, so that two threads can't end up with two of them."""
        known = self._builds.get(model)
        return known or self._builds.setdefault(
            model, Build(model, self.path_of(model), self._journal(model), self._now)
        )

    def _journal(self, model: Model) -> Journal:
        return self._journals.setdefault(model, Journal())

    def _held_of(self, projection: Projection) -> Held:
        """What is kept of the live build; of others, nothing is kept any longer."""
        model = self._glimpsed().live(projection.name)
        held = self._held.get(model)
        if held is None or held.closed:
            path, journal = self.path_of(model), self._journal(model)
            held = self._held[model] = Held(model, path, journal, self.hits, self._is_live)
        return held

    def _is_live(self, model: Model) -> bool:
        return self._glimpsed().alias.get(model.projection) == model

    def _glimpsed(self) -> Snapshot:
        """The registry as of a moment ago; what is kept of builds that are not live any more is let go."""
        at = time.monotonic()
        if self._looked is None or at - self._looked[0] > _LOOK_S:
            snapshot = self._registry.glimpse()
            if self._looked is None or snapshot is not self._looked[1]:
                for gone in self._held.keys() - set(snapshot.alias.values()):
                    self._held.pop(gone).close()
            self._looked = (at, snapshot)
        return self._looked[1]

    def _claim(self, projection: str) -> IO[str]:
        claim = (self.directory / f"{projection}.rebuild").open("w")
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            claim.close()
            raise RebuildRunningError(projection) from None
        return claim

    def _apply(self, projection: Projection, facts: Sequence[Recorded]) -> None:
        for model in self._registry.snapshot().fed(projection.name):
            self._build(model).apply(projection, facts)

    def _drop(self, model: Model) -> None:
        self._registry.drop(model)
        self._readers.wait_until_unread(model)
        build = self._builds.pop(model, None)
        if build is not None:
            build.close()
        self._journals.pop(model, None)
        self._delete(model)

    def _delete(self, model: Model) -> None:
        for path in files_of(self.path_of(model)):
            path.unlink(missing_ok=True)


def _checkpoints(model: Model, snapshot: Snapshot, reader_of: Callable[[Model], Reader]) -> Mapping[int, int]:
    if model not in snapshot.entries:
        raise LookupError(f"there is no build {model}")
    return _reached(reader_of(model))


def _reached(reader: Reader) -> Mapping[int, int]:
    return {log: checkpoint.number for log, checkpoint in checkpoints(reader.connection).items()}


def _status(snapshot: Snapshot, reader_of: Callable[[Model], Reader]) -> list[ModelStatus]:
    standing = []
    for model, entry in snapshot.entries.items():
        reader = reader_of(model)
        (letters,) = reader.connection.execute("SELECT count(*) FROM _dead_letters").fetchone()
        standing.append(ModelStatus(model, entry.code_version, entry.state, _reached(reader), letters, entry.paused))
    return standing
