"""How every build stands, measured against the store itself."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from projections.stores import Model, ModelStatus, ReadModels
from streams.ports import EventLog


@dataclass(frozen=True, slots=True)
class Standing:
    """A build's status, how many events it lacks, and how old the oldest of them is in seconds.

    `behind` goes by the numbers of the logs, which have gaps: it is zero when the build is level, else an upper bound.
    Both are None where the build is out of reach.
    """

    status: ModelStatus
    behind: int | None
    lag_s: float | None

    @property
    def applied(self) -> int:
        """How far it has come, over all logs."""
        return sum(self.status.checkpoints.values())


async def standing(log: EventLog, models: ReadModels, now: datetime) -> Sequence[Standing]:
    """Every build there is, by projection and build."""
    heads = {number: await log.head(number) for number in range(log.logs)}
    ages: dict[tuple[int, int], float] = {}
    found = []
    for status in await models.status():
        if not status.reachable:
            found.append(Standing(status, None, None))
            continue
        missing = _missing(status, heads)
        for place in missing.items():
            if place not in ages:
                ages[place] = await _age(log, *place, now)
        behind = sum(heads[number] - reached for number, reached in missing.items())
        found.append(Standing(status, behind, max((ages[place] for place in missing.items()), default=0.0)))
    return found


class Pace:
    """How fast builds come on, from one look to the next."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._before: Mapping[Model, int] = {}
        self._at = 0.0

    def of(self, found: Sequence[Standing]) -> Mapping[Model, float]:
        """Numbers a second of those that were seen at the look before, too."""
        at = self._clock()
        reached = {each.status.model: each.applied for each in found if each.status.reachable}
        took = at - self._at
        rates = {model: (now - self._before[model]) / took for model, now in reached.items() if model in self._before}
        self._before, self._at = reached, at
        return rates


def _missing(status: ModelStatus, heads: Mapping[int, int]) -> dict[int, int]:
    """The logs that a build is not level with, and how far it is in each."""
    reached = {number: status.checkpoints.get(number, 0) for number in heads}
    return {number: at for number, at in reached.items() if at < heads[number]}


async def _age(log: EventLog, number: int, reached: int, now: datetime) -> float:
    page = await log.read(number, reached, 1, personal=False)
    return max((now - page.facts[0].recorded_at).total_seconds(), 0.0) if page.facts else 0.0
