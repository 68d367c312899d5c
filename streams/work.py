"""Work that is rows: waiting photos are handed out through a topic, and taken by whichever worker is free.

The row is the work, the message only says who looks at it first: a photo is handed out again as long as its row stands,
so a lost topic or a killed worker costs time, never work. A worker acknowledges what it accepts, not what it has done,
because one slow photo must not hold up those behind it.
"""

import asyncio
import time
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple, Protocol

import structlog
from prometheus_client import Counter, Gauge

from domain.ids import MemberId, PhotoId
from projections.ports import Waiting
from streams.relay import Leadership, Lease

SWEEP_S: Final = 0.5
"""How often the rows are looked at without a nudge."""
AGAIN_S: Final = 30.0
"""After how long a photo that still waits is handed out again, at first; twice as long every time after."""
WINDOW: Final = 1_000
"""Photos handed out for the first time that may be outstanding; more would only be repeated while they queue."""
_LONGEST_AGAIN_S: Final = 600.0
_PAGE: Final = 100
_BACK_OFF_S: Final = 1.0

_WAITING: Final = Gauge("filmroll_work_outstanding", "Photos handed out whose rows still stand.", ["stage"])
_HANDED: Final = Counter("filmroll_work_handed_out", "Photos handed out.", ["time"])

_log = structlog.get_logger(__name__)


class Job(NamedTuple):
    """A photo to be developed, and since when it waits: one that is restored waits anew."""

    photo_id: PhotoId
    owner_id: MemberId
    since: datetime

    @property
    def given(self) -> tuple[PhotoId, MemberId]:
        """What a worker needs."""
        return self.photo_id, self.owner_id

    def packed(self) -> bytes:
        """As it travels."""
        return f"{self.photo_id} {self.owner_id} {self.since.isoformat()}".encode()

    @classmethod
    def unpacked(cls, body: bytes) -> "Job":
        """What travelled; raises `ValueError` for bytes that are no job."""
        photo, owner, since = body.decode().split(" ")
        return cls(photo, owner, datetime.fromisoformat(since))


class Hand(Protocol):
    """One producer's life; after an error it must not be used again."""

    async def give(self, jobs: Iterable[bytes]) -> None:
        """Hand out jobs, and return when the broker has them."""
        ...


class Jobs(Protocol):
    """Where work is handed out."""

    def handing_out(self) -> AbstractAsyncContextManager[Hand]:
        """A new producer, and the topic, made if it was missing."""
        ...


@dataclass(slots=True)
class _Handed:
    """How often a photo was handed out, and when its turn comes again."""

    times: int = 0
    again_at: float = 0.0


@dataclass(slots=True)
class Dispatcher:
    """Hands out what waits, oldest first; of many processes one leads."""

    waiting: Waiting
    jobs: Jobs
    leadership: Leadership
    sweep_s: float = SWEEP_S
    again_s: float = AGAIN_S
    window: int = WINDOW
    name: str = "dispatch"
    _nudged: asyncio.Event = field(default_factory=asyncio.Event)
    _handed: dict[Job, _Handed] = field(default_factory=dict)

    def nudge(self) -> None:
        """There may be something new."""
        self._nudged.set()

    async def run(self) -> None:
        """Hand out until cancelled, after whatever goes wrong."""
        while True:
            try:
                async with self.leadership.lead(self.name) as lease, self.jobs.handing_out() as hand:
                    await self._lead(lease, hand)
            except Exception as error:  # noqa: BLE001 reported, and tried again
                _log.error("work is not handed out", exc_info=error)
                await asyncio.sleep(_BACK_OFF_S)

    async def _lead(self, lease: Lease, hand: Hand) -> None:
        while await lease.held():
            self._nudged.clear()
            await self._hand_out(hand)
            try:
                async with asyncio.timeout(self.sweep_s):
                    await self._nudged.wait()
            except TimeoutError:
                continue

    async def _hand_out(self, hand: Hand) -> None:
        """Go through the rows as far as the window reaches, and give what is new or waits for too long."""
        seen: set[Job] = set()
        fresh = 0
        after: PhotoId | None = None
        while rows := await self.waiting.page(after=after, limit=_PAGE):
            due = []
            for row in rows:
                job = Job(row.photo_id, row.owner_id, row.since)
                seen.add(job)
                known = self._handed.get(job, _Handed())
                fresh += known.times <= 1
                if fresh <= self.window and known.again_at <= time.monotonic():
                    due.append(job)
            await self._give(hand, due)
            after = rows[-1].photo_id
            if fresh > self.window:
                break
        done = [job for job in self._handed if job not in seen and (not rows or job.photo_id <= rows[-1].photo_id)]
        for job in done:
            del self._handed[job]
        _WAITING.labels(self.name).set(len(self._handed))

    async def _give(self, hand: Hand, due: list[Job]) -> None:
        await hand.give(job.packed() for job in due)
        for job in due:
            known = self._handed.setdefault(job, _Handed())
            known.times += 1
            wait = min(self.again_s * 2 ** (known.times - 1), max(_LONGEST_AGAIN_S, self.again_s))
            known.again_at = time.monotonic() + wait
            _HANDED.labels("first" if known.times == 1 else "again").inc()
