"""How every build stands, measured against the store itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from projections.stores import Model, ModelStatus, OutOfReachError, ReadModels
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


async def checkpoints(models: ReadModels, model: Model) -> Mapping[int, int]:
    """How far a build has come, logs that it has not begun left out.

    Raises `OutOfReachError` where its store can't say, and `LookupError` where there is no such build.
    """
    for status in await models.status():
        if status.model == model:
            if not status.reachable:
                raise OutOfReachError(model.projection)
            return status.checkpoints
    raise LookupError(f"there is no build {model} any more")


def _missing(status: ModelStatus, heads: Mapping[int, int]) -> dict[int, int]:
    """The logs that a build is not level with, and how far it is in each."""
    reached = {number: status.checkpoints.get(number, 0) for number in heads}
    return {number: at for number, at in reached.items() if at < heads[number]}


async def _age(log: EventLog, number: int, reached: int, now: datetime) -> float:
    page = await log.read(number, reached, 1, personal=False)
    return max((now - page.facts[0].recorded_at).total_seconds(), 0.0) if page.facts else 0.0
