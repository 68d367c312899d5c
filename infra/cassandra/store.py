"""The store of read models in Cassandra: makes, feeds, reads and ends the tables of builds."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Final, TypeVar

from domain.recorded import Recorded
from infra.cassandra.connecting import Cassandra
from infra.cassandra.copies import Copy
from infra.cassandra.feeding import Feeder
from infra.cassandra.letters import discard
from infra.cassandra.overlay import MisfitError
from infra.cassandra.reading import Reader
from infra.cassandra.schema import LANES
from infra.cassandra.stored import Dated
from infra.cassandra.tables import prefix_of, tables_of
from infra.cassandra.writing import Writer
from infra.sqlite.shapes import moment
from projections.rows import Key, Projection, Row, Tally
from projections.stores import Batch, DeadLetter, Fed, Model

T = TypeVar("T")

_WRITERS: Final = 16
"""Batches that one process applies at the same time."""

REACHED: Final = "SELECT log, number FROM checkpoints WHERE projection = ? AND build = ? AND lane IN ?"
_COUNT: Final = "SELECT count(*) FROM dead_letters WHERE projection = ? AND build = ?"
_PARKED: Final = (
    "SELECT log, number, stream, event_name, error, trace, parked_at FROM dead_letters"
    " WHERE projection = ? AND build = ? LIMIT ?"
)
_TABLES: Final = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?"


class CassandraStore:
    """Rows, checkpoints and dead letters of every projection that doesn't count."""

    def __init__(self, cassandra: Cassandra, *, now: Callable[[], datetime], copy: Copy | None = None) -> None:
        self.cassandra = cassandra
        self._now = now
        self._copy = copy
        self._writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="write-models")

    async def close(self) -> None:
        """Let running batches end."""
        await asyncio.to_thread(self._writers.shutdown)

    async def prepare(self, model: Model, projection: Projection, shards: int) -> None:
        """Make the tables of a build."""
        if Tally in projection.rows:
            raise MisfitError("counts need a store that moves the checkpoint in the same step")
        tables = (table for cls in projection.rows for table in tables_of(model, cls, shards).all)
        for table in tables:
            await self._run(self.cassandra.execute, table.create)
            if table.index:
                await self._run(self.cassandra.execute, table.index)

    async def clear(self, model: Model) -> None:
        """End everything of a build; may be repeated."""
        prefix = prefix_of(model)
        for (name,) in await self.cassandra.fetch(_TABLES, self.cassandra.keyspace):
            if name.startswith(prefix):
                await self._run(self.cassandra.execute, f"DROP TABLE IF EXISTS {name}")
                self.cassandra.forget(name)
        for lane in range(LANES):
            where = "WHERE projection = ? AND build = ?"
            await self.cassandra.fetch(
                f"DELETE FROM checkpoints {where} AND lane = ?",  # noqa: S608 a constant
                model.projection,
                model.build,
                lane,
            )
        await self.cassandra.fetch(f"DELETE FROM dead_letters {where}", model.projection, model.build)  # noqa: S608

    async def feed(self, model: Model, projection: Projection, shards: int, batch: Batch, *, park: bool) -> Fed:
        """Apply a batch, and move its log's checkpoint once all of it is written."""
        if Tally in projection.rows:
            raise MisfitError("counts need a store that moves the checkpoint in the same step")
        feeder = Feeder(self.cassandra, model, projection, shards, self._now, self._copy)
        return await self._run(lambda: feeder.feed(batch, park=park))

    async def apply(self, model: Model, projection: Projection, shards: int, facts: Sequence[Recorded]) -> None:
        """Apply facts ahead of the log, where the later write wins."""
        if not projection.last_writer_wins:
            raise ValueError(f"{projection.name} can't be applied ahead of its log")
        feeder = Feeder(self.cassandra, model, projection, shards, self._now, self._copy)
        await self._run(feeder.apply, facts)

    async def change(self, model: Model, shards: int, changes: Sequence[tuple[type, Key, Dated]]) -> None:
        """Write or end rows beside the log, each at its own time; for classes without further orders."""

        def write() -> None:
            writer = Writer(self.cassandra, self._now())
            for cls, key, change in changes:
                writer.change(tables_of(model, cls, shards), key, change)
            writer.flush()

        await self._run(write)

    async def checkpoints(self, model: Model, logs: Iterable[int] | None = None) -> Mapping[int, int]:
        """How far a build has come in these logs, or in all."""
        lanes = range(LANES) if logs is None else {log % LANES for log in logs}
        found = await self.cassandra.fetch(REACHED, model.projection, model.build, list(lanes))
        return {log: number for log, number in sorted(found) if number}

    async def letters(self, model: Model) -> int:
        """How many facts are parked."""
        return int((await self.cassandra.fetch(_COUNT, model.projection, model.build))[0][0])

    async def dead_letters(self, model: Model, *, limit: int) -> Sequence[DeadLetter]:
        """What is parked, in the order of the log."""
        found = await self.cassandra.fetch(_PARKED, model.projection, model.build, limit)
        return [
            DeadLetter(model, log, number, stream, name, error, trace, moment(parked_at))
            for log, number, stream, name, error, trace, parked_at in found
        ]

    async def retry(self, model: Model, projection: Projection, shards: int, facts: Sequence[Recorded]) -> int:
        """Apply parked facts of one stream, each before its letter is deleted."""
        feeder = Feeder(self.cassandra, model, projection, shards, self._now, self._copy)
        return await self._run(feeder.retry, facts)

    async def discard(self, model: Model, log: int, number: int) -> bool:
        """Delete a letter; False where there is none."""
        return await self._run(discard, self.cassandra, model, log, number)

    async def rows(self, model: Model, shards: int, cls: type, *, after: Key | None, limit: int) -> Sequence[Row]:
        """The rows of a build in the order of their key, after a key."""
        return await self.reader(model, shards).all(cls, after, limit)

    def reader(self, model: Model, shards: int) -> Reader:
        """The reading side of a build."""
        return Reader(self.cassandra, model, shards, self._now, self._copy)

    async def _run(self, function: Callable[..., T], *values: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writers, function, *values)
