"""Feeding: one build of a read model, kept in step with the log by parcels, and from the event store where they fail.

The build's own checkpoint alone says what it has applied. A parcel that it covers is dropped, one that leaves a hole is
preceded by what the event store holds, and whoever else feeds the same build is noticed by a mismatch. So Kafka may
repeat, skip, or forget everything.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import structlog
from prometheus_client import Counter

from domain.events import event_type
from domain.recorded import Recorded
from domain.wire import stored_names
from projections.rows import Projection
from projections.stores import Batch, Fed, Model, ReadModels
from streams.packing import Parcel, unpack
from streams.ports import EventLog, Stored

PAGE: Final = 2_000
"""Facts that one batch holds at most."""

_FED: Final = Counter("filmroll_host_events", "Facts passed to a build, by where they came from.", ["model", "source"])
_REPEATS: Final = Counter("filmroll_host_repeats", "Parcels that a checkpoint already covered.", ["model"])
_MISMATCHES: Final = Counter("filmroll_host_mismatches", "Batches that another host was faster with.", ["model"])

_log = structlog.get_logger(__name__)


class Feeder:
    """Feeds one build; calls for different logs run side by side, those for one log in turn."""

    def __init__(
        self,
        log: EventLog,
        models: ReadModels,
        projection: Projection,
        model: Model,
        *,
        on_fed: Callable[[Model, Sequence[Recorded]], None] = lambda _model, _facts: None,
    ) -> None:
        self.model = model
        self._log = log
        self._models = models
        self._projection = projection
        self._on_fed = on_fed
        known = [event_type(cls) for cls in projection.handles]
        self._names = stored_names(each.name for each in known)
        self._personal = any(each.personal for each in known)
        self._turns = [asyncio.Lock() for _ in range(log.logs)]
        self._reached: dict[int, int] = {}

    def reached(self, log: int) -> int | None:
        """The last number that this process knows to be applied; None before it asked."""
        return self._reached.get(log)

    async def take(self, parcels: Iterable[Parcel]) -> None:
        """Apply parcels, those of a log in their order; when this returns, the build's checkpoint covers them all."""
        by_log: dict[int, list[Parcel]] = {}
        for parcel in parcels:
            by_log.setdefault(parcel.log, []).append(parcel)
        tasks = [asyncio.create_task(self._take(log, own)) for log, own in by_log.items()]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def look(self, logs: Iterable[int]) -> None:
        """Ask the build's store where it stands: another host may feed it, or it was restored.

        Raises `OutOfReachError` where it is away.
        """
        standing = await self._models.checkpoints(self.model)
        for log in logs:
            if not self._turns[log].locked():
                self._reached[log] = standing.get(log, 0)

    async def catch_up(self, log: int, head: int) -> bool:
        """Read from the event store what the build lacks of a log up to `head`; whether there was anything."""
        async with self._turns[log]:
            return await self._fill(log, head)

    async def _take(self, log: int, parcels: Sequence[Parcel]) -> None:
        async with self._turns[log]:
            waiting = list(parcels)
            while waiting:
                reached = await self._at(log)
                if waiting[0].last <= reached:
                    waiting.pop(0)
                    _REPEATS.labels(str(self.model)).inc()
                elif waiting[0].previous > reached:
                    await self._fill(log, waiting[0].previous)
                else:
                    taken = await self._apply(log, reached, waiting)
                    del waiting[:taken]

    async def _apply(self, log: int, reached: int, waiting: Sequence[Parcel]) -> int:
        """One batch from the parcels that follow without a hole; how many it was made of, 0 on a mismatch."""
        end, taken = reached, 0
        stored: list[Stored] = []
        try:
            for parcel in waiting:
                if parcel.previous > end or (taken and len(stored) + parcel.facts > PAGE):
                    break
                if parcel.last > end:
                    stored += unpack(parcel, after=end, wanted=self._names)
                    end = parcel.last
                taken += 1
        except ValueError as error:
            _log.error("parcel can't be read", model=str(self.model), exc_info=error)
            await self._fill(log, waiting[taken].last)
            return 0
        facts = await self._log.decode(stored, personal=self._personal)
        return taken if await self._feed(Batch(log, reached, end, facts), "kafka") else 0

    async def _fill(self, log: int, upto: int) -> bool:
        """From the event store at least up to a number."""
        filled = False
        while (reached := await self._at(log)) < upto:
            page = await self._log.read(log, reached, PAGE, self._names, personal=self._personal)
            if page.last <= reached:
                return filled
            await self._feed(Batch(log, reached, page.last, page.facts), "store")
            filled = True
        return filled

    async def _feed(self, batch: Batch, source: str) -> bool:
        """Apply a batch; False where another host was faster, or the build was restored: its store is asked anew."""
        fed = await self._models.feed(self.model, self._projection, batch, park=True)
        if fed is Fed.MISMATCH:
            _MISMATCHES.labels(str(self.model)).inc()
            self._reached.pop(batch.log, None)
            return False
        self._reached[batch.log] = batch.last
        _FED.labels(str(self.model), source).inc(len(batch.facts))
        self._on_fed(self.model, batch.facts)
        return True

    async def _at(self, log: int) -> int:
        """The build's checkpoint: as this process left it, else as its store has it."""
        if log not in self._reached:
            self._reached[log] = (await self._models.checkpoints(self.model)).get(log, 0)
        return self._reached[log]
