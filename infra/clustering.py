"""The port `ReadModels` for the cluster: one registry of builds, and for each projection the store that suits it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final, Protocol

from commands.errors import Unavailable
from domain.recorded import Recorded
from infra.cassandra.layouts import SHARDS
from infra.cassandra.registry import Entry, Registry
from infra.sqlite.shapes import micros
from infra.sqlite.tides import Tides
from projections.rows import Key, Projection, Row
from projections.stores import Batch, DeadLetter, Fed, Model, ModelStatus, OutOfReachError, State

_PATIENCE_S: Final = 5.0
"""How long a store may take to say where a build stands; one that hangs must not hold up what lies in others."""
_ABANDONED: Final = timedelta(minutes=10)
"""What has been half made or half dropped for so long, nobody is at any more."""


class Store(Protocol):
    """Where builds of some projections lie; `shards` is what a build was made with."""

    async def prepare(self, model: Model, projection: Projection, shards: int) -> None:
        """Make what a new build needs."""
        ...

    async def clear(self, model: Model) -> None:
        """End everything of a build; may be repeated."""
        ...

    async def feed(self, model: Model, projection: Projection, shards: int, batch: Batch, *, park: bool) -> Fed:
        """Apply a batch as `ReadModels.feed` says."""
        ...

    async def checkpoints(self, model: Model, logs: Iterable[int] | None = None) -> Mapping[int, int]:
        """How far a build has come in all logs; nothing for those that it has not begun.

        Readers ask for certain logs, and are refused with `OutOfReachError` while what they would read is not whole.
        """
        ...

    async def letters(self, model: Model) -> int:
        """How many facts are parked."""
        ...

    async def dead_letters(self, model: Model, *, limit: int) -> Sequence[DeadLetter]:
        """What is parked, in the order of the log."""
        ...

    async def retry(self, model: Model, projection: Projection, shards: int, facts: Sequence[Recorded]) -> int:
        """Apply parked facts of one stream as `projections.stores.Letters` says."""
        ...

    async def discard(self, model: Model, log: int, number: int) -> bool:
        """Give a parked fact up; False where none is parked there."""
        ...

    async def rows(self, model: Model, shards: int, cls: type, *, after: Key | None, limit: int) -> Sequence[Row]:
        """The rows of a build in the order of their key, after a key."""
        ...


class ClusterReadModels:
    """All builds of an installation; `stores` names the projections that don't lie in the `usual` store."""

    def __init__(
        self,
        registry: Registry,
        usual: Store,
        stores: Mapping[str, Store] | None = None,
        *,
        now: Callable[[], datetime],
        shards: int = SHARDS,
        grace_s: float = 30.0,
    ) -> None:
        self.registry = registry
        self.tides = Tides()
        self._usual = usual
        self._stores = stores or {}
        self._now = now
        self._shards = shards
        self._grace_s = max(grace_s, 2 * registry.fresh_s)

    async def live(self, projection: Projection) -> tuple[Model, Entry]:
        """The build that reads use; raises `NoLiveModelError` where there is none."""
        snapshot = await self.registry.snapshot()
        model = snapshot.live(projection.name)
        return model, snapshot.entry(model)

    async def reached(self, projection: str, logs: Iterable[int]) -> Mapping[int, int]:
        """How far the live build of a projection has come in these logs; `OutOfReachError` where its store is away."""
        model = (await self.registry.snapshot()).live(projection)
        try:
            return await self._store(model).checkpoints(model, logs)
        except Unavailable as error:
            raise OutOfReachError(projection) from error

    async def status(self) -> Sequence[ModelStatus]:
        """Every build there is, by projection and build."""
        snapshot = await self.registry.read()
        standing = snapshot.entries.items()
        return await asyncio.gather(*(self._status(model, entry) for model, entry in standing))

    async def checkpoints(self, model: Model) -> Mapping[int, int]:
        """How far one build has come; asks its own store alone."""
        try:
            await self._entry(model)
            async with asyncio.timeout(_PATIENCE_S):
                return await self._store(model).checkpoints(model)
        except ValueError as error:
            raise LookupError(str(error)) from error
        except (Unavailable, TimeoutError) as error:
            raise OutOfReachError(model.projection) from error

    async def create(self, projection: Projection, state: State) -> Model:
        """A new, empty build with the next number."""
        model = await self.registry.reserve(projection.name, projection.version, self._shards)
        await self._store(model).prepare(model, projection, self._shards)
        await self.registry.enter(model, state)
        return model

    async def feed(self, model: Model, projection: Projection, batch: Batch, *, park: bool) -> Fed:
        """Apply a batch, and move its log's checkpoint."""
        shards = (await self._entry(model)).shards
        fed = await self._store(model).feed(model, projection, shards, batch, park=park)
        if fed is Fed.APPLIED:
            self.tides.turn()
        return fed

    async def mark(self, model: Model, state: State) -> None:
        """Say what a build is for."""
        await self.registry.mark(model, state)

    async def pause(self, model: Model, *, paused: bool) -> None:
        """Say whether followers leave a build alone, in every process."""
        await self.registry.pause(model, paused=paused)

    async def switch(self, model: Model) -> None:
        """Let reads use this build from now on; every process does so as soon as it looks again."""
        await self.registry.switch(model)
        self.tides.turn()

    async def drop(self, model: Model) -> None:
        """Strike a build out, wait until every process knows and has ended its reads, and end what it holds."""
        await self.registry.hide(model)
        await asyncio.sleep(self._grace_s)
        await self._end(model)

    async def sweep(self) -> None:
        """Finish what interrupted calls left half made or half dropped."""
        snapshot = await self.registry.read()
        for model, since in snapshot.hidden.items():
            if since < micros(self._now() - _ABANDONED):
                await self._end(model)

    @asynccontextmanager
    async def rebuilding(self, projection: str) -> AsyncIterator[None]:
        """Held through a lease that every process sees."""
        async with self.registry.lease(projection):
            yield

    async def rows(self, model: Model, cls: type, *, after: Key | None, limit: int) -> Sequence[Row]:
        """The rows of a build in the order of their key, after a key."""
        shards = (await self._entry(model)).shards
        return await self._store(model).rows(model, shards, cls, after=after, limit=limit)

    async def dead_letters(self, model: Model, *, limit: int) -> Sequence[DeadLetter]:
        """What is parked, in the order of the log."""
        await self._entry(model)
        return await self._store(model).dead_letters(model, limit=limit)

    async def retry(self, model: Model, projection: Projection, facts: Sequence[Recorded]) -> int:
        """Apply parked facts of one stream, in order, each before its letter is deleted; again has the same effect."""
        shards = (await self._entry(model)).shards
        applied = await self._store(model).retry(model, projection, shards, facts)
        if applied:
            self.tides.turn()
        return applied

    async def discard(self, model: Model, log: int, number: int) -> None:
        """Give a parked fact up for good."""
        await self._entry(model)
        if not await self._store(model).discard(model, log, number):
            raise LookupError(f"nothing is parked at {log}:{number} of {model}")

    async def _entry(self, model: Model) -> Entry:
        """What the registry says of a build; a new one may be newer than what is known here."""
        known = (await self.registry.snapshot()).entries.get(model)
        return known or (await self.registry.read()).entry(model)

    async def _status(self, model: Model, entry: Entry) -> ModelStatus:
        store = self._store(model)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                reached, letters = await asyncio.gather(store.checkpoints(model), store.letters(model))
        except (Unavailable, TimeoutError):
            return ModelStatus(model, entry.code_version, entry.state, {}, 0, entry.paused, reachable=False)
        return ModelStatus(model, entry.code_version, entry.state, reached, letters, entry.paused)

    async def _end(self, model: Model) -> None:
        await self._store(model).clear(model)
        await self.registry.end(model)

    def _store(self, model: Model) -> Store:
        return self._stores.get(model.projection, self._usual)
