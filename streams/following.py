"""The embedded host: every build that is fed follows the event store inside this process.

Each build has a task of its own, so one that lags or fails holds up no other; those in step share what was read. A
batch and its checkpoint are one step of the store, so a repeat after a crash, or a second host, changes nothing.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from domain.recorded import Recorded
from projections.rows import Projection
from projections.stores import Batch, Fed, Model, ModelStatus, ReadModels, State
from streams.ports import EventLog
from streams.rebuild import switch
from streams.tailing import PAGE, Tail

POLL_S: Final = 0.5
"""How often a follower looks by itself: for what other processes commit, and for builds that were made or dropped."""
SHORT_S: Final = 0.02
"""A batch should not hold its file any longer, because command handlers write there too."""
_CANCEL_AGAIN_S: Final = 1.0
"""A task that goes on so long after it was cancelled was just at a place where a driver takes that for its own affair."""
_FIRST_BACK_OFF_S: Final = 0.1
_LONGEST_BACK_OFF_S: Final = 30.0
_FED: Final = (State.LIVE, State.READY, State.RETIRED)

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Health:
    """How one build's task is: the error that it recovers from, and how often in a row it failed."""

    error: str | None = None
    failures: int = 0


class Follower:
    """Feeds the read models of a catalogue until it is stopped."""

    def __init__(
        self,
        log: EventLog,
        models: ReadModels,
        catalogue: Iterable[Projection],
        *,
        on_fed: Callable[[Model, Sequence[Recorded]], None] = lambda _model, _facts: None,
        poll_s: float = POLL_S,
    ) -> None:
        self._log = log
        self._models = models
        self._catalogue = {projection.name: projection for projection in catalogue}
        self._on_fed = on_fed
        self._poll_s = poll_s
        self._tails = [Tail(log, number) for number in range(log.logs)]
        self._tasks: dict[Model, asyncio.Task[None]] = {}
        self._health: dict[Model, Health] = {}
        self._supervisor: asyncio.Task[None] | None = None
        self._own = Health()

    @property
    def failing(self) -> Mapping[str, str]:
        """What does not work at the moment, and why; empty when all is well."""
        healths = {str(model): health for model, health in self._health.items()} | {"follower": self._own}
        return {name: health.error for name, health in healths.items() if health.error is not None}

    async def start(self) -> None:
        """Make what is missing, and follow from then on."""
        await prepare(self._models, self._catalogue.values(), log=self._log)
        await self._refresh()
        self._supervisor = asyncio.create_task(self._supervise(), name="follower")

    async def stop(self) -> None:
        """End all tasks; a batch on its way is applied wholly or not at all."""
        tasks = {task for task in (self._supervisor, *self._tasks.values()) if task is not None}
        left = tasks
        while left:
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=_CANCEL_AGAIN_S)
        await asyncio.gather(*tasks, return_exceptions=True)
        self._supervisor = None
        self._tasks.clear()
        self._health.clear()

    async def _supervise(self) -> None:
        while True:
            await asyncio.sleep(self._poll_s)
            try:
                await self._refresh()
            except Exception as error:  # noqa: BLE001 reported, and tried again
                await _recover(self._own, "follower", error)
            else:
                self._own.error, self._own.failures = None, 0

    async def _refresh(self) -> None:
        """A task for every build that is to be fed, and for no other."""
        wanted = {status.model: status for status in await self._models.status() if self._feeds(status)}
        for model in [model for model in self._tasks if model not in wanted]:
            self._health.pop(model, None)
            task = self._tasks.pop(model)
            task.cancel()
            await asyncio.wait({task})
        for model in wanted:
            if model not in self._tasks:
                self._health[model] = Health()
                self._tasks[model] = asyncio.create_task(self._keep_following(model), name=f"follow {model}")

    def _feeds(self, status: ModelStatus) -> bool:
        projection = self._catalogue.get(status.model.projection)
        own = projection is not None and status.code_version == projection.version
        return own and status.state in _FED and not status.paused

    async def _keep_following(self, model: Model) -> None:
        health = self._health[model]
        while True:
            try:
                await self._follow(model, health)
            except Exception as error:  # noqa: BLE001 reported, and tried again
                await _recover(health, str(model), error)

    async def _follow(self, model: Model, health: Health) -> None:
        projection = self._catalogue[model.projection]
        reached = await _checkpoints(self._models, model, self._log.logs)
        size = PAGE // 10
        while True:
            level = True
            for log, tail in enumerate(self._tails):
                facts, last = await tail.after(reached[log])
                if last > reached[log]:
                    level = False
                    size = await self._feed(model, projection, log, reached, facts, last, size)
            health.error, health.failures = None, 0
            if level:
                await self._log.wait(reached, self._poll_s)

    async def _feed(
        self,
        model: Model,
        projection: Projection,
        log: int,
        reached: dict[int, int],
        facts: Sequence[Recorded],
        last: int,
        size: int,
    ) -> int:
        """Feed a page in short batches; the size that the next one should have."""
        clock = asyncio.get_running_loop().time
        handled = [fact for fact in facts if projection.concerned_by(fact)]
        while reached[log] < last:
            taken, handled = handled[:size], handled[size:]
            end = taken[-1].position.number if handled else last
            began = clock()
            fed = await self._models.feed(model, projection, Batch(log, reached[log], end, taken), park=True)
            if fed is Fed.MISMATCH:  # another host was faster, or the build was restored: go by what it says
                reached.update(await _checkpoints(self._models, model, self._log.logs))
                return size
            reached[log] = end
            self._on_fed(model, taken)
            size = _next_size(size, clock() - began, full=len(taken) == size)
        return size


async def prepare(models: ReadModels, catalogue: Iterable[Projection], *, log: EventLog) -> None:
    """Make the first build of every projection that has none, and set aside what older code has made.

    Where the live build is older code's, the newest ready one of this code takes its place first, level with the log;
    where there is none, reads have to wait for a rebuild, because old rows would not say what this code understands.
    """
    standing = await models.status()
    for projection in catalogue:
        own = [status for status in standing if status.model.projection == projection.name]
        if not own:
            await models.create(projection, State.LIVE)
        served = any(s.state is State.LIVE and s.code_version >= projection.version for s in own)
        ready = [s.model for s in own if s.state is State.READY and s.code_version == projection.version]
        if ready and not served:
            await switch(max(ready), projection, log=log, models=models)
        for status in own:
            if status.code_version < projection.version and status.state is not State.STALE:
                await models.mark(status.model, State.STALE)


async def _checkpoints(models: ReadModels, model: Model, logs: int) -> dict[int, int]:
    known = await models.checkpoints(model)
    return {log: known.get(log, 0) for log in range(logs)}


async def _recover(health: Health, name: str, error: Exception) -> None:
    """Say what went wrong, and wait longer after every failure in a row."""
    health.error = f"{type(error).__name__}: {error}"
    health.failures += 1
    _log.error("follower failed", of=name, failures=health.failures, exc_info=error)
    await asyncio.sleep(min(_FIRST_BACK_OFF_S * 2 ** (health.failures - 1), _LONGEST_BACK_OFF_S))


def _next_size(size: int, took: float, *, full: bool) -> int:
    if took > SHORT_S:
        return max(size // 2, 1)
    return min(size * 2, PAGE) if full and took < SHORT_S / 2 else size
