"""Hosts on Faust: every build that is fed has an app of its own, so a consumer group of its own, in one process.

Faust brings parcels and shares partitions between workers; it keeps nothing. What was applied is known by each build's
store alone (see `streams.feeding`), so offsets, lost topics and rebalances can at worst cause repeats. A worker that
stalls, or whose Faust breaks, ends with an error, for whatever started it to start it again.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import structlog

from domain.recorded import Recorded
from projections.rows import Projection
from projections.stores import Model, ModelStatus, ReadModels, State
from streams.broker import Broker, StalledError
from streams.feeding import Feeder
from streams.host import Heads, Host
from streams.ports import EventLog

_FED: Final = (State.LIVE, State.READY, State.RETIRED)

_log = structlog.get_logger(__name__)


class Hosts:
    """All builds of some projections that are fed, as they come and go, in one process."""

    def __init__(
        self,
        log: EventLog,
        models: ReadModels,
        projections: Iterable[Projection],
        broker: Broker,
        *,
        on_fed: Callable[[Model, Sequence[Recorded]], None] = lambda _model, _facts: None,
    ) -> None:
        self._log = log
        self._models = models
        self._projections: Mapping[str, Projection] = {each.name: each for each in projections}
        self._broker = broker
        self._on_fed = on_fed
        self._heads = Heads(log, broker.look_s / 2)
        self._tasks: dict[Model, asyncio.Task[None]] = {}

    @property
    def hosted(self) -> frozenset[Model]:
        """The builds that are fed now."""
        return frozenset(self._tasks)

    async def run(self) -> None:
        """Feed until cancelled; raises `StalledError` when the process had better be started again."""
        look_s = self._broker.look_s
        try:
            while True:
                await self._refresh()
                if self._tasks:
                    await asyncio.wait(self._tasks.values(), timeout=look_s, return_when=asyncio.FIRST_COMPLETED)
                else:
                    await asyncio.sleep(look_s)
        finally:
            await self._end(self._tasks)

    async def _refresh(self) -> None:
        """A host for every build that is to be fed, and for no other; raises what ended one."""
        try:
            standing = await self._models.status()
        except Exception as error:  # noqa: BLE001 reported, and looked at again; those that run go on
            _log.error("builds can't be read", exc_info=error)
            standing = None
        if standing is not None:
            wanted = {status.model for status in standing if self._feeds(status)}
            await self._end([model for model in self._tasks if model not in wanted])
            for model in sorted(wanted - self._tasks.keys()):
                self._tasks[model] = asyncio.create_task(self._host(model).run(), name=f"host {model}")
        for model, task in self._tasks.items():
            if task.cancelled():
                raise StalledError(f"the host of {model} was called off by its app")
            if task.done():
                task.result()

    def _host(self, model: Model) -> Host:
        feeder = Feeder(self._log, self._models, self._projections[model.projection], model, on_fed=self._on_fed)
        return Host(feeder, self._log, self._broker, self._heads)

    def _feeds(self, status: ModelStatus) -> bool:
        projection = self._projections.get(status.model.projection)
        own = projection is not None and status.code_version == projection.version
        return own and status.state in _FED and not status.paused

    async def _end(self, models: Iterable[Model]) -> None:
        ended = [task for model in list(models) if (task := self._tasks.pop(model, None)) is not None]
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)
