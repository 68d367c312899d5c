"""Faust as it is used here: apps that consume and keep nothing, and a watch over what they are brought."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any, Final

import faust
import structlog
from faust.types import TP

TAKE: Final = 50
"""Messages that an agent takes at once."""
BUFFER: Final = TAKE * 20
"""Messages that wait for an agent, some 25 MB where each is full of facts. With more Faust pauses partitions, and while
all of them are paused it sleeps for a second at a time, whatever is taken meanwhile: with 200 that was half of the time."""
WITHIN_S: Final = 0.02
"""So long an agent waits for more once something has come."""
_STOP_S: Final = 10.0

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
        broker_max_poll_records=TAKE * 4,
        stream_buffer_maxsize=BUFFER,
        stream_wait_empty=False,
        consumer_metadata_max_age_ms=10_000,
    )


async def takes(stream: Any, most: int, *, within_s: float = WITHIN_S) -> AsyncIterator[list[Any]]:
    """What a stream brings, so many events at a time; whoever applied them acknowledges each, in order.

    Faust's own `noack_take` looks into its buffer all the time; dozens of agents that wait would be a core's work. Here
    nobody wakes while nothing comes.
    """
    waiting: list[Any] = []
    some, full, room = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def put(value: Any) -> Any:
        event = stream.current_event
        while len(waiting) >= most and not stream.should_stop:
            room.clear()
            await stream.wait(room)
        waiting.append(event)
        some.set()
        if len(waiting) >= most:
            full.set()
        return value

    acknowledging, stream.enable_acks = stream.enable_acks, False
    stream.add_processor(put)
    stream._enable_passive(aiter(stream.channel))  # noqa: SLF001 as its own `noack_take` does
    try:
        while not stream.should_stop:
            await stream.wait_for_stopped(some)
            await stream.wait_for_stopped(full, timeout=within_s)
            taken = waiting[:]
            waiting.clear()
            some.clear()
            full.clear()
            room.set()
            if taken:
                yield taken
    finally:
        stream.enable_acks = acknowledging
        stream._processors.remove(put)  # noqa: SLF001


class Lifeline:
    """A Faust app's life, and whether what lies in its partitions arrives (consumers have been seen to fall silent)."""

    def __init__(self, app: Any, broker: Broker) -> None:
        self._app = app
        self._broker = broker
        self._partitions: frozenset[int] = frozenset()
        self._taken: dict[int, int] = {}
        self._seen: dict[int, int] = {}
        self._since: dict[int, float] = {}

    @property
    def partitions(self) -> frozenset[int]:
        """What is assigned to this process now."""
        return self._partitions

    async def start(self) -> None:
        """Start the app."""
        self._app.finalize()
        await self._app.start()

    async def stop(self) -> None:
        """Stop the app, which may be broken already."""
        with contextlib.suppress(TimeoutError, Exception):
            async with asyncio.timeout(_STOP_S):
                await self._app.stop()

    def assigned(self, partitions: Iterable[Any]) -> None:
        """Partitions came, or went."""
        self._partitions = frozenset(each.partition for each in partitions if each.topic == self._broker.topic)
        for known in (self._taken, self._seen, self._since):
            known.clear()
        _log.info("partitions assigned", app=self._app.conf.id, partitions=sorted(self._partitions))

    def took(self, message: Any) -> None:
        """A message arrived and was acknowledged."""
        self._taken[message.partition] = message.offset + 1

    def excuse(self) -> None:
        """Nothing is taken now for a reason that is not the app's: patience begins anew."""
        self._since.clear()

    def check(self) -> None:
        """Raise `StalledError` where Faust has ended."""
        if self._app.crashed or self._app.should_stop:
            raise StalledError(f"Faust ended under {self._app.conf.id}") from self._app.crash_reason

    async def check_delivery(self) -> None:
        """Raise `StalledError` where messages lie, but none arrive; without a broker there is nothing to say."""
        partitions = {TP(self._broker.topic, partition) for partition in self._partitions}
        if not partitions:
            return
        asking = asyncio.ensure_future(self._app.consumer.highwaters(*partitions))
        try:
            await asyncio.wait({asking}, timeout=self._broker.look_s)
            if not asking.done() or asking.cancelled() or asking.exception() is not None:
                _log.warning("broker does not say how far it is", app=self._app.conf.id)  # which is no stall
                return
            ends = asking.result()
        finally:
            asking.cancel()  # a task of its own, because an app that breaks cancels whoever asks it
        for tp, end in ends.items():
            now = time.monotonic()
            taken = self._taken.setdefault(tp.partition, end)
            if taken >= end or taken != self._seen.get(tp.partition):
                self._since[tp.partition] = now
            self._seen[tp.partition] = taken
            if now - self._since.setdefault(tp.partition, now) > self._broker.stall_s:
                raise StalledError(f"{self._app.conf.id} was brought nothing of {tp} for {self._broker.stall_s} s")
