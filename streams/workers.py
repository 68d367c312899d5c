"""Workers on Faust: they take jobs from a topic, a few at a time, and do them; see `streams.work`."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

import structlog
from prometheus_client import Counter, Histogram

from domain.ids import MemberId, PhotoId
from streams.broker import Broker, Lifeline, faust_app, takes
from streams.work import AGAIN_S, Job

Process = Callable[[PhotoId, MemberId], Awaitable[object]]
"""Develops a photo."""


class Task(Protocol):
    """A job as workers see it; jobs that say the same are equal, and hash alike."""

    @property
    def given(self) -> tuple[Any, ...]:
        """What doing it needs."""
        ...

    def packed(self) -> bytes:
        """As it travels."""
        ...


_TICK_S: Final = 0.5
_LONGEST_S: Final = 300.0
"""How long one job may take before it is given up, to be handed out again."""

_DONE: Final = Counter("filmroll_work_done", "Jobs taken, by what became of them.", ["outcome"])
_SECONDS: Final = Histogram("filmroll_work_seconds", "How long a job took.", ["work"])

_log = structlog.get_logger(__name__)


class Workers:
    """Takes jobs for as long as it runs, `concurrency` at a time; `process` gets what a job was given.

    A job is acknowledged when a hand is free for it, so what a killed process had in hand is handed out again by the
    dispatcher; the same holds for what fails.
    """

    def __init__(
        self,
        broker: Broker,
        process: Callable[..., Awaitable[object]],
        *,
        name: str = "media",
        unpack: Callable[[bytes], Task] = Job.unpacked,
        concurrency: int = 2,
        longest_s: float = _LONGEST_S,
        again_s: float = AGAIN_S,
    ) -> None:
        self._broker = broker
        self._process = process
        self._unpack = unpack
        self._longest_s = longest_s
        self._again_s = again_s
        self._seconds = _SECONDS.labels(name)
        self._hands = asyncio.Semaphore(concurrency)
        self._tasks: dict[Task, asyncio.Task[None]] = {}
        self._done: dict[Task, float] = {}
        name = f"{broker.group}{name}"
        app = faust_app(name, broker, reset="earliest")
        self._faust = Lifeline(app, broker)
        topic = app.topic(broker.topic, key_serializer="raw", value_serializer="raw")
        app.agent(topic, name=f"{name}-take", concurrency=1)(self._take)
        app.on_partitions_assigned.connect(self._on_assigned, weak=False)

    async def run(self) -> None:
        """Work until cancelled; raises `StalledError`."""
        try:
            await self._faust.start()
            while True:
                self._faust.check()
                await asyncio.sleep(_TICK_S)
                if not self._hands.locked():  # else it is the work that takes long, not Faust that brings none
                    await self._faust.check_delivery()
        finally:
            running = list(self._tasks.values())
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await self._faust.stop()

    async def _on_assigned(self, _app: Any, assigned: Any, **_: Any) -> None:
        self._faust.assigned(assigned)

    async def _take(self, stream: Any) -> None:
        async for events in takes(stream, 1):
            for event in events:
                with contextlib.suppress(ValueError):  # what is no job is dropped: the rows know all there is to do
                    await self._accept(self._unpack(event.value))
                await stream.ack(event)
                self._faust.took(event.message)

    async def _accept(self, job: Task) -> None:
        """Begin a job as soon as a hand is free; one that runs, or has just been done, is not begun again."""
        await self._hands.acquire()
        now = time.monotonic()
        self._done = {known: at for known, at in self._done.items() if now - at < self._again_s}
        if job in self._tasks or job in self._done:
            _DONE.labels("repeated").inc()
            self._hands.release()
            return
        self._tasks[job] = asyncio.create_task(self._do(job), name=f"do {job.packed()!r}")

    async def _do(self, job: Task) -> None:
        try:
            with self._seconds.time():
                async with asyncio.timeout(self._longest_s):
                    await self._process(*job.given)
            self._done[job] = time.monotonic()
            _DONE.labels("done").inc()
        except Exception as error:  # noqa: BLE001 reported; its row stands, so it is handed out again
            _DONE.labels("failed").inc()
            _log.error("job not done", job=job.packed(), exc_info=error)
        finally:
            self._tasks.pop(job, None)
            self._hands.release()
