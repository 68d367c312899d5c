"""Rebuild: history from the event store into a new build, beside the one that is live.

A build that an earlier run left unfinished is gone on with, so a killed rebuild loses a batch at most. A fact that
can't be applied stops it: history with holes must never go live. Nothing here causes anything but rows.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from domain.events import event_type
from domain.wire import stored_names
from projections.rows import Projection
from projections.stores import Batch, Fed, Model, ReadModels, State
from streams.ports import EventLog, Page

BATCH: Final = 4_000
_LOGS_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class Outlook:
    """How far a rebuild is: events done and in total (both go by the numbers of the logs, which have gaps)."""

    model: Model
    done: int
    total: int
    rate: float

    @property
    def seconds_left(self) -> float | None:
        """At the rate since this run began; None while there is none yet."""
        return max(self.total - self.done, 0) / self.rate if self.rate else None


Report = Callable[[Outlook], None]


async def rebuild(
    projection: Projection,
    *,
    log: EventLog,
    models: ReadModels,
    report: Report = lambda _: None,
    batch: int = BATCH,
    parallel: int = _LOGS_AT_ONCE,
    clock: Callable[[], float] = time.monotonic,
) -> Model:
    """Build anew from the first fact to the last, and leave a build that is ready to be switched to.

    So many logs are read at a time as `parallel` says.

    Raises `RebuildRunningError` while another run is at it, `PoisonedError` for a fact that can't be applied, and
    `OutOfReachError` where the build's store is away.
    """
    async with models.rebuilding(projection.name):
        model = await _unfinished(models, projection) or await models.create(projection, State.BUILDING)
        run = _Run(projection, model, log, models, report, batch, clock, park=False, parallel=parallel)
        await run.catch_up()
        await run.catch_up()  # what came in meanwhile, and it took a while
        await models.mark(model, State.READY)
        return model


async def switch(model: Model, projection: Projection, *, log: EventLog, models: ReadModels) -> None:
    """Let reads use a build, once it is level with the log: nobody sees what they were not to see any more.

    Switching back to the build that was live before is the rollback.
    """
    await catch_up(model, projection, log=log, models=models)
    await models.switch(model)


async def catch_up(model: Model, projection: Projection, *, log: EventLog, models: ReadModels) -> None:
    """Feed a build until it is level with the log; any number of hosts may do so at once."""
    await _Run(projection, model, log, models, lambda _: None, BATCH, time.monotonic, park=True).catch_up()


async def _unfinished(models: ReadModels, projection: Projection) -> Model | None:
    """The newest build that was begun by this version of the code; what older code began is set aside."""
    found = None
    for status in await models.status():
        if status.model.projection == projection.name and status.state is State.BUILDING:
            if status.code_version == projection.version:
                found = status.model
            else:
                await models.mark(status.model, State.STALE)
    return found


class _Run:
    """One way through history into one build."""

    def __init__(
        self,
        projection: Projection,
        model: Model,
        log: EventLog,
        models: ReadModels,
        report: Report,
        batch: int,
        clock: Callable[[], float],
        *,
        park: bool,
        parallel: int = _LOGS_AT_ONCE,
    ) -> None:
        self._projection = projection
        self._model = model
        self._log = log
        self._models = models
        self._report = report
        self._batch = batch
        self._clock = clock
        self._park = park
        self._parallel = parallel
        known = [event_type(cls) for cls in projection.handles]
        self._names = stored_names(each.name for each in known)
        self._personal = any(each.personal for each in known)
        self._reached: dict[int, int] = {}
        self._total = 0
        self._began: tuple[float, int] | None = None

    async def catch_up(self) -> None:
        """Read every log from the build's checkpoint to the end; several logs at a time."""
        self._reached = dict(await self._models.checkpoints(self._model))
        logs = range(self._log.logs)
        self._total = sum(await asyncio.gather(*(self._log.head(log) for log in logs)))
        if self._began is None:
            self._began = self._clock(), sum(self._reached.values())
        turns = asyncio.Semaphore(self._parallel)

        async def take(log: int) -> None:
            async with turns:
                await self._take(log)

        tasks = [asyncio.create_task(take(log)) for log in logs]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self._tell()

    async def _take(self, log: int) -> None:
        """One log to its end: while a page is applied, the next one is read."""
        page = await self._read(log, self._reached.get(log, 0))
        while page.last > self._reached.get(log, 0):
            coming = asyncio.create_task(self._read(log, page.last)) if page.more else None
            try:
                if not await self._feed(log, page):
                    page = await self._read(log, self._reached.get(log, 0))
                elif coming is None:
                    return
                else:
                    page = await coming
            finally:
                if coming is not None:
                    coming.cancel()

    async def _read(self, log: int, after: int) -> Page:
        return await self._log.read(log, after, self._batch, self._names, personal=self._personal)

    async def _feed(self, log: int, page: Page) -> bool:
        """Apply a page; False where another host fed the build meanwhile, which then says where it stands."""
        batch = Batch(log, self._reached.get(log, 0), page.last, page.facts)
        fed = await self._models.feed(self._model, self._projection, batch, park=self._park)
        if fed is Fed.MISMATCH:
            self._reached[log] = (await self._models.checkpoints(self._model)).get(log, 0)
        else:
            self._reached[log] = page.last
        self._tell()
        return fed is Fed.APPLIED

    def _tell(self) -> None:
        assert self._began is not None
        at, before = self._began
        done, took = sum(self._reached.values()), self._clock() - at
        rate = (done - before) / took if took > 0 else 0.0
        self._report(Outlook(self._model, done, max(self._total, done), rate))
