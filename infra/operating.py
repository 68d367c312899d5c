"""What operators watch over HTTP: the builds of an installation, measured against its event store."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from api.ports import BuildStanding
from projections.stores import ReadModels
from streams.ports import EventLog
from streams.standing import Pace, Standing, standing

_FRESH_S: Final = 30.0
_LOOK_S: Final = 0.2


class Operating:
    """The port `Operations`."""

    def __init__(self, log: EventLog, models: ReadModels, now: Callable[[], datetime]) -> None:
        self._log = log
        self._models = models
        self._now = now
        self._pace = Pace()
        self._turn = asyncio.Lock()
        self._at = float("-inf")

    async def standing(self) -> Sequence[BuildStanding]:
        """Every build; where nobody looked for a while, it takes two looks to tell the rate."""
        async with self._turn:
            if time.monotonic() - self._at > _FRESH_S:
                self._pace.of(await self._look())
                await asyncio.sleep(_LOOK_S)
            found = await self._look()
            rates = self._pace.of(found)
            self._at = time.monotonic()
        return [_told(each, rates.get(each.status.model)) for each in found]

    async def heads(self) -> Mapping[int, int]:
        """How far each log goes."""
        return {log: await self._log.head(log) for log in range(self._log.logs)}

    async def _look(self) -> Sequence[Standing]:
        return await standing(self._log, self._models, self._now())


def _told(each: Standing, rate: float | None) -> BuildStanding:
    status = each.status
    return BuildStanding(
        projection=status.model.projection,
        build=status.model.build,
        code_version=status.code_version,
        state=str(status.state),
        paused=status.paused,
        reachable=status.reachable,
        positions=status.checkpoints,
        lag_events=each.behind,
        lag_ms=None if each.lag_s is None else round(each.lag_s * 1000),
        rate=None if rate is None else round(rate, 1),
        dead_letters=status.dead_letters if status.reachable else None,
    )
