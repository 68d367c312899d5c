"""A host: one build's Faust app, and the look from time to time that needs no Kafka."""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Sequence
from typing import Any, Final

import structlog
from prometheus_client import Counter, Gauge

from projections.stores import OutOfReachError
from streams.broker import TAKE, Broker, Lifeline, StalledError, faust_app, takes
from streams.feeding import Feeder
from streams.packing import Parcel, opened
from streams.ports import EventLog
from streams.topics import partition_of

_TICK_S: Final = 0.25
_FIRST_BACK_OFF_S: Final = 0.1
_LONGEST_BACK_OFF_S: Final = 5.0

_FAILURES: Final = Counter("filmroll_host_failures", "Batches that had to be tried again.", ["model"])
_LAG: Final = Gauge("filmroll_host_lag_events", "Numbers between heads and checkpoints, at the last look.", ["model"])

_log = structlog.get_logger(__name__)


class Heads:
    """How far the logs are, asked for once by all hosts of a process that want to know at about the same time."""

    def __init__(self, log: EventLog, fresh_s: float) -> None:
        self._log = log
        self._fresh_s = fresh_s
        self._asked: dict[int, tuple[float, asyncio.Future[int]]] = {}

    async def of(self, log: int) -> int:
        """The log's head, as it was `fresh_s` ago or later."""
        now = time.monotonic()
        known = self._asked.get(log)
        if known is None or now - known[0] > self._fresh_s or _failed(known[1]):
            known = self._asked[log] = now, asyncio.ensure_future(self._log.head(log))
        return await asyncio.shield(known[1])


def _failed(asked: "asyncio.Future[int]") -> bool:
    return asked.done() and (asked.cancelled() or asked.exception() is not None)


class Host:
    """One build's Faust app, and the look from time to time that needs no Kafka."""

    def __init__(self, feeder: Feeder, log: EventLog, broker: Broker, heads: Heads | None = None) -> None:
        self._feeder = feeder
        self._log = log
        self._broker = broker
        self._heads = heads or Heads(log, broker.look_s / 2)
        self._model = str(feeder.model)
        name = f"{broker.group}{feeder.model.projection}-{feeder.model.build}"
        self._assigning = asyncio.Event()
        self._moved: dict[int, float] = {}
        self._brought: dict[int, float] = {}
        # New groups begin at the end: what came before is read from the event store.
        app = faust_app(name, broker, reset="latest")
        self._faust = Lifeline(app, broker)
        topic = app.topic(broker.topic, key_serializer="raw", value_serializer="raw")
        app.agent(topic, name=f"{name}-feed", concurrency=1)(self._feed)
        app.on_partitions_assigned.connect(self._on_assigned, weak=False)

    async def run(self) -> None:
        """Feed until cancelled; raises `StalledError`."""
        try:
            await self._faust.start()
            while True:
                await self._watch()
        finally:
            await self._faust.stop()

    async def _feed(self, stream: Any) -> None:
        """Apply, then acknowledge in order, all or none."""
        async for events in takes(stream, TAKE):
            await self._persist(list(self._parcels(events)))
            for event in events:
                await stream.ack(event)
                self._faust.took(event.message)

    def _parcels(self, events: Iterable[Any]) -> Iterable[Parcel]:
        now = time.monotonic()
        for event in events:
            try:
                parcel = opened(event.value)
            except (ValueError, TypeError) as error:  # nothing is lost: what it held is read from the event store
                _log.error("message is no parcel", model=self._model, offset=event.message.offset, error=str(error))
            else:
                self._brought[parcel.log] = now
                yield parcel

    async def _persist(self, parcels: Sequence[Parcel]) -> None:
        """Until it is done: nothing may be acknowledged that is not applied."""
        failures = 0
        while True:
            try:
                await self._feeder.take(parcels)
            except Exception as error:  # noqa: BLE001 reported, and tried again; the watch ends what never succeeds
                failures += 1
                _FAILURES.labels(self._model).inc()
                _log.error("host failed", model=self._model, failures=failures, exc_info=error)
                await asyncio.sleep(min(_FIRST_BACK_OFF_S * 2 ** (failures - 1), _LONGEST_BACK_OFF_S))
            else:
                return

    async def _on_assigned(self, _app: Any, assigned: Iterable[Any], **_: Any) -> None:
        self._faust.assigned(assigned)
        self._moved = dict.fromkeys(self._logs(), time.monotonic())
        self._brought.clear()
        self._assigning.set()

    def _logs(self) -> list[int]:
        mine = self._faust.partitions
        return [log for log in range(self._log.logs) if partition_of(log, self._broker.partitions) in mine]

    async def _watch(self) -> None:
        """A look: at once when partitions came, else at intervals; in between, whether Faust still lives."""
        until = time.monotonic() + self._broker.look_s
        while not self._assigning.is_set() and time.monotonic() < until:
            self._faust.check()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK_S):
                    await self._assigning.wait()
        self._assigning.clear()
        logs = self._logs()
        now = time.monotonic()
        idle = [log for log in logs if now - self._brought.get(log, -self._broker.look_s) >= self._broker.look_s]
        try:
            await self._feeder.look(idle)
        except OutOfReachError as error:
            _log.error("build is out of reach", model=self._model, error=str(error))
            self._moved = dict.fromkeys(logs, time.monotonic())  # no stall: a new process would not reach it either
            self._faust.excuse()
            return
        except Exception as error:  # noqa: BLE001 reported, and tried again at the next look
            _log.error("build can't be looked at", model=self._model, exc_info=error)
            idle = []
        lags = await asyncio.gather(*(self._look(log, idle=log in idle) for log in logs))
        _LAG.labels(self._model).set(sum(lags))
        await self._faust.check_delivery()

    async def _look(self, log: int, *, idle: bool) -> int:
        """Compare a log with its head, and read what is missing where Kafka brings nothing; how far it was behind."""
        before = self._feeder.reached(log)
        head = 0
        try:
            async with asyncio.timeout(self._broker.stall_s):
                head = await self._heads.of(log)
                if idle:
                    await self._feeder.catch_up(log, head)
        except Exception as error:  # noqa: BLE001 reported, and tried again at the next look
            _log.error("look failed", model=self._model, log=log, exc_info=error)
        reached = self._feeder.reached(log) or 0
        if reached >= head or reached != before:
            self._moved[log] = time.monotonic()
        if time.monotonic() - self._moved.setdefault(log, time.monotonic()) > self._broker.stall_s:
            raise StalledError(f"{self._model} has applied nothing of log {log} for {self._broker.stall_s} s")
        return max(head - reached, 0)
