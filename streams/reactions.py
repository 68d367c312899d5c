"""Reactions: photos that wait to be developed are handed to what develops them.

The work is the rows of the `processing` read model, so nothing is lost with a process: a photo is handed out again
until its row is gone. In one process, none is handed out twice at once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog

from domain.ids import MemberId, PhotoId
from projections.ports import Waiting
from projections.processing import WaitingRow

Process = Callable[[PhotoId, MemberId], Awaitable[object]]

SWEEP_S: Final = 5.0
"""How often the rows are looked at without a nudge."""
AGAIN_S: Final = 30.0
"""After how long a photo that was handed out, but still waits, is handed out again."""
BACK_OFF_S: Final = 0.5
"""After how long a photo that failed is handed out again, at first; twice as long every time after."""
_PAGE: Final = 100

_log = structlog.get_logger(__name__)

_Work = tuple[PhotoId, datetime]
"""A photo, and since when it waits: one that is restored waits anew."""


@dataclass(slots=True)
class _Attempts:
    """When a photo may be handed out again, and how often in a row it went wrong."""

    not_before: float = 0.0
    failures: int = 0


@dataclass(slots=True)
class Reactions:
    """Hands out waiting photos, a few at a time, until it is stopped."""

    waiting: Waiting
    process: Process
    concurrency: int = 2
    sweep_s: float = SWEEP_S
    again_s: float = AGAIN_S
    back_off_s: float = BACK_OFF_S
    error: str | None = None
    """Why the rows can't be read at the moment; None when all is well."""
    _nudged: asyncio.Event = field(default_factory=asyncio.Event)
    _running: dict[_Work, asyncio.Task[None]] = field(default_factory=dict)
    _attempts: dict[_Work, _Attempts] = field(default_factory=dict)
    _loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Hand out from now on."""
        self._loop = asyncio.create_task(self._run(), name="reactions")

    def nudge(self) -> None:
        """There may be something new (the follower says so)."""
        self._nudged.set()

    async def stop(self) -> None:
        """Hand out nothing more, and call off what runs: its photos still wait, and are handed out another time."""
        tasks = [task for task in (self._loop, *self._running.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._loop = None
        self._running.clear()

    async def _run(self) -> None:
        while True:
            self._nudged.clear()
            try:
                pause = await self._hand_out()
                self.error = None
            except Exception as error:  # noqa: BLE001 reported, and tried again
                _log.error("waiting photos can't be read", exc_info=error)
                self.error, pause = f"{type(error).__name__}: {error}", self.sweep_s
            try:
                async with asyncio.timeout(pause):
                    await self._nudged.wait()
            except TimeoutError:
                continue

    async def _hand_out(self) -> float:
        """Go through all rows, oldest first, as far as hands are free; how long there is nothing to do then."""
        clock = asyncio.get_running_loop().time
        seen: set[_Work] = set()
        after: PhotoId | None = None
        while rows := await self.waiting.page(after=after, limit=_PAGE):
            for row in rows:
                if len(self._running) >= self.concurrency:
                    return self.sweep_s
                work = (row.photo_id, row.since)
                seen.add(work)
                if work not in self._running and self._attempts.get(work, _Attempts()).not_before <= clock():
                    self._begin(work, row)
            after = rows[-1].photo_id
        seen |= self._running.keys()
        self._attempts = {work: known for work, known in self._attempts.items() if work in seen}
        resting = (known.not_before for work, known in self._attempts.items() if work not in self._running)
        soonest = min(resting, default=clock() + self.sweep_s)
        return min(max(soonest - clock(), 0.0), self.sweep_s)

    def _begin(self, work: _Work, row: WaitingRow) -> None:
        if any(photo_id == row.photo_id for photo_id, _ in self._running):
            return  # removed and restored while it is being developed: its turn comes after that
        self._running[work] = asyncio.create_task(self._one(work, row), name=f"develop {row.photo_id}")

    async def _one(self, work: _Work, row: WaitingRow) -> None:
        clock = asyncio.get_running_loop().time
        known = self._attempts.setdefault(work, _Attempts())
        try:
            await self.process(row.photo_id, row.owner_id)
            known.not_before, known.failures = clock() + self.again_s, 0
        except Exception as error:  # noqa: BLE001 reported, and tried again
            known.failures += 1
            _log.error("photo not developed", photo_id=row.photo_id, failures=known.failures, exc_info=error)
            known.not_before = clock() + min(self.back_off_s * 2 ** (known.failures - 1), self.again_s)
        finally:
            self._running.pop(work, None)
            self._nudged.set()
