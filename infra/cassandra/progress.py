"""The port `Progress` for the cluster: how far the live builds have come, asked of the stores themselves.

How old the next fact is, is known by the event store alone. While that is away or hangs, reads go on: what was not
applied at the last look has become older by the time since, and whatever came after it is younger than that.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from commands.errors import Unavailable
from domain.positions import covers
from infra.breaking import Breaker
from infra.clustering import ClusterReadModels
from projections.ports import Reached
from streams.ports import EventLog

_FIRST_S: Final = 0.01
_LONGEST_S: Final = 0.1
"""Builds are fed by other processes, so a waiter looks by itself, ever less often."""
LOOK_S: Final = 5.0
"""So long the event store may take to say how old something is."""
_MILLISECOND: Final = timedelta(milliseconds=1)


class _Look(NamedTuple):
    """How far something was, how old what came next, and when that was seen."""

    positions: Mapping[int, int]
    lag_ms: int
    at: datetime


class ClusterProgress:
    """How far read models have come, measured against the event store."""

    def __init__(
        self,
        models: ClusterReadModels,
        log: EventLog,
        *,
        now: Callable[[], datetime],
        look_s: float = LOOK_S,
        breaker: Breaker | None = None,
    ) -> None:
        self._models = models
        self._log = log
        self._now = now
        self._look_s = look_s
        self._breaker = breaker or Breaker("event store ages")
        self._looks: dict[tuple[str, ...], _Look] = {}

    async def reached(self, names: Iterable[str]) -> Reached:
        """The least of what the live builds of these read models have applied; the lag is the age of what is next.

        While the event store does not tell, it is what that age may be at most.
        """
        asked = tuple(names)
        positions = await self._least(list(asked), range(self._log.logs))
        return Reached(positions, await self._lag(asked, positions))

    async def wait(self, names: Iterable[str], wanted: Mapping[int, int], *, timeout_s: float) -> bool:
        """Until they have applied that much; False when the time is over first."""
        asked, pause, clock = list(names), _FIRST_S, asyncio.get_running_loop().time
        end = clock() + timeout_s
        while True:
            moved = self._models.tides.next()
            if covers(await self._least(asked, wanted), wanted):
                return True
            if (left := end - clock()) <= 0:
                return False
            await _either(moved, min(pause, left))
            pause = min(2 * pause, _LONGEST_S)

    async def _least(self, names: list[str], logs: Iterable[int]) -> dict[int, int]:
        asked = list(logs)
        known = await asyncio.gather(*(self._models.reached(name, asked) for name in names))
        return {log: min((each.get(log, 0) for each in known), default=0) for log in asked}

    async def _lag(self, names: tuple[str, ...], positions: Mapping[int, int]) -> int:
        error: Exception | None = None
        if self._breaker.admits():
            at = self._now()
            try:
                async with asyncio.timeout(self._look_s):
                    ages = await asyncio.gather(*(self._age(log, number) for log, number in positions.items()))
            except (TimeoutError, Unavailable) as failure:
                self._breaker.away()
                error = failure
            else:
                self._breaker.answered()
                look = self._looks[names] = _Look(positions, max(ages, default=0), at)
                return look.lag_ms
        known = self._looks.get(names)
        if known is None or not covers(positions, known.positions):
            raise Unavailable("the event store does not tell how old things are") from error
        return known.lag_ms + max((self._now() - known.at) // _MILLISECOND, 0)

    async def _age(self, log: int, number: int) -> int:
        """How long ago the first fact after that number was recorded, in milliseconds; 0 where there is none."""
        page = await self._log.read(log, number, 1, personal=False)
        return max((self._now() - page.facts[0].recorded_at) // _MILLISECOND, 0) if page.facts else 0


async def _either(moved: asyncio.Event, pause: float) -> None:
    """Wait for a word, but no longer than the pause."""
    try:
        async with asyncio.timeout(pause):
            await moved.wait()
    except TimeoutError:
        return
