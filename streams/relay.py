"""The relay: facts from the event store's logs into Kafka, in order, again and again until they are there.

The event table is the outbox. Each group of logs has one relay at a time, which reads after its checkpoint, packs,
sends, waits until everything is acknowledged, and only then moves the checkpoint. So a crash repeats the last round and
skips nothing; two relays at once, for the moment that a lost leadership takes to be noticed, only repeat each other.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

import structlog
from prometheus_client import Counter, Gauge

from streams.packing import Parcel, pack
from streams.ports import EventLog, Stored

POLL_S: Final = 0.1
"""How often a relay with nothing to do looks for what other processes committed."""
_ROUND: Final = 8_000
"""Facts in flight at most, over all logs of a group."""
_LEAST: Final = 200
_CHECK_S: Final = 1.0
_FIRST_BACK_OFF_S: Final = 0.1
_LONGEST_BACK_OFF_S: Final = 5.0

_LAG_EVENTS: Final = Gauge("filmroll_relay_lag_events", "Numbers between the heads and the checkpoints.", ["group"])
_LAG_SECONDS: Final = Gauge("filmroll_relay_lag_seconds", "Since when not all logs were level.", ["group"])
_EVENTS: Final = Counter("filmroll_relay_events", "Facts acknowledged by Kafka.", ["group"])
_MESSAGES: Final = Counter("filmroll_relay_messages", "Messages acknowledged by Kafka.", ["group"])
_RESTARTS: Final = Counter("filmroll_relay_restarts", "Returns to the checkpoint after an error.", ["group"])

_log = structlog.get_logger(__name__)


class Sender(Protocol):
    """One producer's life; after an error nothing is known of what it sent, and it must not be used again."""

    async def send(self, parcels: Sequence[Parcel]) -> None:
        """Send in the order given, a bounded number in flight, and return when all are acknowledged."""
        ...


class Publisher(Protocol):
    """Where parcels go."""

    def sender(self) -> AbstractAsyncContextManager[Sender]:
        """A new producer, and the topic, made if it was missing."""
        ...


class RelayCheckpoints(Protocol):
    """How far relays have come, kept in the database that holds their logs."""

    async def load(self) -> Mapping[int, int]:
        """The last published number of each log that has one."""
        ...

    async def store(self, numbers: Mapping[int, int]) -> None:
        """Remember these numbers, all at once."""
        ...


class Lease(Protocol):
    """Leadership while it lasts."""

    async def held(self) -> bool:
        """Whether it still does; never raises."""
        ...


class Leadership(Protocol):
    """Sees to it that of many processes one leads."""

    def lead(self, name: str) -> AbstractAsyncContextManager[Lease]:
        """Wait for the leadership of that name, which ends with the block or with the process."""
        ...


class Relay:
    """Publishes a group of logs for as long as it leads that group."""

    def __init__(
        self,
        group: str,
        logs: Sequence[int],
        *,
        log: EventLog,
        publisher: Publisher,
        checkpoints: RelayCheckpoints,
        leadership: Leadership,
        poll_s: float = POLL_S,
    ) -> None:
        self._group = group
        self._logs = tuple(logs)
        self._log = log
        self._publisher = publisher
        self._checkpoints = checkpoints
        self._leadership = leadership
        self._poll_s = poll_s
        self._page = max(_ROUND // max(len(self._logs), 1), _LEAST)
        self._level_at = time.monotonic()
        self._failures = 0

    async def run(self) -> None:
        """Lead, publish, and do both again after whatever goes wrong, until cancelled."""
        while True:
            try:
                async with self._leadership.lead(f"relay {self._group}") as lease:
                    _log.info("relay leads", group=self._group)
                    await self._lead(lease)
                _log.warning("relay lost its leadership", group=self._group)
            except Exception as error:  # noqa: BLE001 reported, and tried again
                await self._recover(error)

    async def _lead(self, lease: Lease) -> None:
        """Publish while leadership lasts; after an error anew, with a new producer, from the checkpoint."""
        while await lease.held():
            try:
                async with self._publisher.sender() as sender:
                    await self._publish(sender, lease)
            except Exception as error:  # noqa: BLE001 reported, and tried again
                await self._recover(error)

    async def _publish(self, sender: Sender, lease: Lease) -> None:
        """Round after round; the next pages are read while a round is on its way."""
        known = await self._checkpoints.load()
        reached = {log: known.get(log, 0) for log in self._logs}
        pages = await self._read(reached)
        checked = time.monotonic()
        while True:
            parcels = [parcel for log, page in pages.items() for parcel in pack(log, reached[log], page)]
            if parcels:
                reached = reached | {log: page[-1].number for log, page in pages.items() if page}
                pages = await self._send(sender, parcels, reached)
                self._failures = 0
            else:
                await self._log.wait(reached, self._poll_s)
                pages = await self._read(reached)
            await self._tell(reached, level=not any(pages.values()))
            if time.monotonic() - checked > _CHECK_S:
                if not await lease.held():
                    return
                checked = time.monotonic()

    async def _send(
        self, sender: Sender, parcels: Sequence[Parcel], reached: Mapping[int, int]
    ) -> Mapping[int, Sequence[Stored]]:
        """Send, read on meanwhile, and keep the checkpoint once everything is acknowledged; the pages read."""
        reading = asyncio.create_task(self._read(reached))
        try:
            await sender.send(parcels)
            await self._checkpoints.store({parcel.log: parcel.last for parcel in parcels})
            _EVENTS.labels(self._group).inc(sum(parcel.facts for parcel in parcels))
            _MESSAGES.labels(self._group).inc(len(parcels))
            return await reading
        finally:
            reading.cancel()

    async def _read(self, after: Mapping[int, int]) -> Mapping[int, Sequence[Stored]]:
        pages = await asyncio.gather(*(self._log.read_stored(log, number, self._page) for log, number in after.items()))
        return dict(zip(after, pages, strict=True))

    async def _tell(self, reached: Mapping[int, int], *, level: bool) -> None:
        """The lag goes by the store's own heads, so a relay that stands still doesn't look level."""
        if level:
            self._level_at, behind = time.monotonic(), 0
        else:
            heads = await asyncio.gather(*(self._log.head(log) for log in self._logs))
            behind = sum(max(head - reached[log], 0) for log, head in zip(self._logs, heads, strict=True))
        _LAG_EVENTS.labels(self._group).set(behind)
        _LAG_SECONDS.labels(self._group).set(time.monotonic() - self._level_at)

    async def _recover(self, error: Exception) -> None:
        """Say what went wrong, and wait longer after every failure in a row."""
        self._failures += 1
        _RESTARTS.labels(self._group).inc()
        _LAG_SECONDS.labels(self._group).set(time.monotonic() - self._level_at)
        _log.error("relay goes back to its checkpoint", group=self._group, failures=self._failures, exc_info=error)
        await asyncio.sleep(min(_FIRST_BACK_OFF_S * 2 ** (self._failures - 1), _LONGEST_BACK_OFF_S))
