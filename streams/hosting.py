"""Hosts on Faust: every build that is fed has an app of its own, so a consumer group of its own, in one process.

Faust brings parcels and shares partitions between workers; it keeps nothing. What was applied is known by each build's
store alone (see `streams.feeding`), so offsets, lost topics and rebalances can at worst cause repeats. A worker that
stalls, or whose Faust breaks, ends with an error, for whatever started it to start it again.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import faust
import structlog
from faust.types import TP
from prometheus_client import Counter, Gauge

from projections.rows import Projection
from projections.stores import Model, ModelStatus, ReadModels, State
from streams.feeding import Feeder
from streams.packing import Parcel, opened
from streams.ports import EventLog
from streams.topics import partition_of

_FED: Final = (State.LIVE, State.READY, State.RETIRED)
_TAKE: Final = 50
_WITHIN_S: Final = 0.05
_TICK_S: Final = 0.25
_STOP_S: Final = 10.0
_FIRST_BACK_OFF_S: Final = 0.1
_LONGEST_BACK_OFF_S: Final = 5.0

_FAILURES: Final = Counter("filmroll_host_failures", "Batches that had to be tried again.", ["model"])
_LAG: Final = Gauge("filmroll_host_lag_events", "Numbers between heads and checkpoints, at the last look.", ["model"])

_log = structlog.get_logger(__name__)


class StalledError(Exception):
    """A worker has made no progress for too long, or Faust broke: the process should end."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the facts travel, and how patient a worker is (seconds)."""

    servers: str
    topic: str
    partitions: int
    group: str = "filmroll-"
    session_s: float = 10.0
    heartbeat_s: float = 1.0
    look_s: float = 2.0
    """How often builds are looked for, and logs that bring nothing are compared with their heads."""
    stall_s: float = 120.0


def faust_app(name: str, broker: Broker, *, reset: str) -> Any:
    """A Faust app that only consumes: no tables, no web server, no leader, and nothing is committed by itself."""
    return faust.App(
        name,
        broker=[f"kafka://{server}" for server in broker.servers.split(",")],
        store="memory://",
        cache="memory://",
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        agent_supervisor="mode.CrashingSupervisor",
        processing_guarantee="at_least_once",
        producer_acks=-1,
        consumer_auto_offset_reset=reset,
        broker_session_timeout=broker.session_s,
        broker_heartbeat_interval=broker.heartbeat_s,
        broker_max_poll_records=_TAKE * 4,
        stream_buffer_maxsize=_TAKE * 4,
        stream_wait_empty=False,
        consumer_metadata_max_age_ms=10_000,
    )


class Host:
    """One build's Faust app, and the look from time to time that needs no Kafka."""

    def __init__(self, feeder: Feeder, log: EventLog, broker: Broker) -> None:
        self._feeder = feeder
        self._log = log
        self._broker = broker
        self._model = str(feeder.model)
        self._name = f"{broker.group}{feeder.model.projection}-{feeder.model.build}"
        self._assigned: frozenset[int] = frozenset()
        self._assigning = asyncio.Event()
        self._moved: dict[int, float] = {}
        self._brought: dict[int, float] = {}
        self._taken: dict[int, int] = {}
        self._seen: dict[int, int] = {}
        self._delivered: dict[int, float] = {}
        # New groups begin at the end: what came before is read from the event store.
        self._app = faust_app(self._name, broker, reset="latest")
        topic = self._app.topic(broker.topic, key_serializer="raw", value_serializer="raw")
        self._app.agent(topic, name=f"{self._name}-feed", concurrency=1)(self._feed)
        self._app.on_partitions_assigned.connect(self._on_assigned, weak=False)

    async def run(self) -> None:
        """Feed until cancelled; raises `StalledError`."""
        try:
            self._app.finalize()
            await self._app.start()
            while True:
                await self._watch()
        finally:
            await self._end()

    async def _end(self) -> None:
        with contextlib.suppress(TimeoutError, Exception):
            async with asyncio.timeout(_STOP_S):
                await self._app.stop()

    async def _feed(self, stream: Any) -> None:
        """Apply, then acknowledge in order, all or none."""
        async for events in stream.noack_take(_TAKE, within=_WITHIN_S):
            await self._persist(list(self._parcels(events)))
            for event in events:
                await stream.ack(event)
                self._taken[event.message.partition] = event.message.offset + 1

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
        partitions = frozenset(each.partition for each in assigned if each.topic == self._broker.topic)
        _log.info("partitions assigned", model=self._model, partitions=sorted(partitions))
        self._assigned = partitions
        self._moved = dict.fromkeys(self._logs(), time.monotonic())
        for known in (self._brought, self._taken, self._seen, self._delivered):
            known.clear()
        self._assigning.set()

    def _logs(self) -> list[int]:
        return [log for log in range(self._log.logs) if partition_of(log, self._broker.partitions) in self._assigned]

    async def _watch(self) -> None:
        """A look: at once when partitions came, else at intervals; in between, whether Faust still lives."""
        until = time.monotonic() + self._broker.look_s
        while not self._assigning.is_set() and time.monotonic() < until:
            self._check_app()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK_S):
                    await self._assigning.wait()
        self._assigning.clear()
        logs = self._logs()
        now = time.monotonic()
        idle = [log for log in logs if now - self._brought.get(log, -self._broker.look_s) >= self._broker.look_s]
        try:
            await self._feeder.look(idle)
        except Exception as error:  # noqa: BLE001 reported, and tried again at the next look
            _log.error("build can't be looked at", model=self._model, exc_info=error)
            idle = []
        lags = await asyncio.gather(*(self._look(log, idle=log in idle) for log in logs))
        _LAG.labels(self._model).set(sum(lags))
        await self._check_delivery()

    async def _look(self, log: int, *, idle: bool) -> int:
        """Compare a log with its head, and read what is missing where Kafka brings nothing; how far it was behind."""
        before = self._feeder.reached(log)
        head = 0
        try:
            async with asyncio.timeout(self._broker.stall_s):
                head = await self._log.head(log)
                if idle:
                    await self._feeder.catch_up(log, head)
        except Exception as error:  # noqa: BLE001 reported, and tried again at the next look
            _log.error("look failed", model=self._model, log=log, exc_info=error)
        reached = self._feeder.reached(log) or 0
        if reached >= head or reached != before:
            self._moved[log] = time.monotonic()
        self._check(self._moved, log, "applied nothing of log")
        return max(head - reached, 0)

    async def _check_delivery(self) -> None:
        """Whether what lies in the partitions arrives; without a broker there is nothing to say."""
        partitions = {TP(self._broker.topic, partition) for partition in self._assigned}
        if not partitions:
            return
        try:
            async with asyncio.timeout(self._broker.look_s):
                ends = await self._app.consumer.highwaters(*partitions)
        except Exception as error:  # noqa: BLE001 a broker that is away is no stall
            _log.warning("broker does not say how far it is", model=self._model, error=repr(error))
            return
        for tp, end in ends.items():
            taken = self._taken.setdefault(tp.partition, end)
            if taken >= end or taken != self._seen.get(tp.partition):
                self._delivered[tp.partition] = time.monotonic()
            self._seen[tp.partition] = taken
            self._check(self._delivered, tp.partition, "was brought nothing of partition")

    def _check(self, since: dict[int, float], which: int, what: str) -> None:
        if time.monotonic() - since.setdefault(which, time.monotonic()) > self._broker.stall_s:
            raise StalledError(f"{self._model} {what} {which} for {self._broker.stall_s} s")

    def _check_app(self) -> None:
        if self._app.crashed or self._app.should_stop:
            raise StalledError(f"Faust ended under {self._model}") from self._app.crash_reason


class Hosts:
    """All builds of some projections that are fed, as they come and go, in one process."""

    def __init__(
        self,
        log: EventLog,
        models: ReadModels,
        projections: Iterable[Projection],
        broker: Broker,
        *,
        on_fed: Callable[[Model], None] = lambda _: None,
    ) -> None:
        self._log = log
        self._models = models
        self._projections: Mapping[str, Projection] = {each.name: each for each in projections}
        self._broker = broker
        self._on_fed = on_fed
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
        for task in self._tasks.values():
            if task.done():
                task.result()

    def _host(self, model: Model) -> Host:
        feeder = Feeder(self._log, self._models, self._projections[model.projection], model, on_fed=self._on_fed)
        return Host(feeder, self._log, self._broker)

    def _feeds(self, status: ModelStatus) -> bool:
        projection = self._projections.get(status.model.projection)
        return projection is not None and status.code_version == projection.version and status.state in _FED

    async def _end(self, models: Iterable[Model]) -> None:
        ended = [task for model in list(models) if (task := self._tasks.pop(model, None)) is not None]
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)
