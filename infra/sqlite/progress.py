"""The port `Progress` over SQLite: how far the live builds have come, and how old the oldest thing is that they lack."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from domain.positions import covers
from infra.sqlite.build import checkpoints
from infra.sqlite.models import SqliteReadModels, utc_now
from infra.sqlite.readers import Reader
from infra.sqlite.registry import Snapshot
from projections.ports import Reached
from projections.stores import Model
from streams.ports import EventLog

_ELSEWHERE_S: Final = 0.25
"""How often a waiter looks by itself, for builds that another process feeds."""
_MILLISECOND: Final = timedelta(milliseconds=1)


class SqliteProgress:
    """How far read models have come, measured against the event store itself."""

    def __init__(self, models: SqliteReadModels, log: EventLog, *, now: Callable[[], datetime] = utc_now) -> None:
        self._models = models
        self._log = log
        self._now = now

    async def reached(self, names: Iterable[str]) -> Reached:
        """The least of what the live builds of these read models have applied; the lag is the age of what is next."""
        positions = await self._positions(list(names))
        ages = await asyncio.gather(*(self._age(log, number) for log, number in positions.items()))
        return Reached(positions, max(ages, default=0))

    async def wait(self, names: Iterable[str], wanted: Mapping[int, int], *, timeout_s: float) -> bool:
        """Until they have applied that much; False when the time is over first."""
        asked = list(names)
        clock = asyncio.get_running_loop().time
        end = clock() + timeout_s
        while True:
            moved = self._models.tides.next()
            if covers(await self._positions(asked), wanted):
                return True
            left = end - clock()
            if left <= 0:
                return False
            try:
                async with asyncio.timeout(min(left, _ELSEWHERE_S)):
                    await moved.wait()
            except TimeoutError:
                continue

    async def _positions(self, names: list[str]) -> dict[int, int]:
        logs = range(self._log.logs)

        def least(snapshot: Snapshot, reader_of: Callable[[Model], Reader]) -> dict[int, int]:
            reached = [checkpoints(reader_of(snapshot.live(name)).connection) for name in names]
            return {
                log: min((known[log].number if log in known else 0 for known in reached), default=0) for log in logs
            }

        return await self._models.read_every(least)

    async def _age(self, log: int, number: int) -> int:
        """How long ago the first fact after that number was recorded, in milliseconds; 0 where there is none."""
        page = await self._log.read(log, number, 1, personal=False)
        return max((self._now() - page.facts[0].recorded_at) // _MILLISECOND, 0) if page.facts else 0
