"""How far read models are is told while the event store hangs or is away, and never too favourably."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from commands.errors import Unavailable
from infra.breaking import FAILURES, Breaker
from infra.cassandra.progress import ClusterProgress
from tests.streams.memory_log import START


@dataclass
class Models:
    """Read models that have come so far in the only log."""

    number: int = 5

    async def reached(self, name: str, logs: Iterable[int]) -> Mapping[int, int]:
        return dict.fromkeys(logs, self.number)


@dataclass
class Log:
    """A log whose fact behind each number is a second old; it may be away, or hang."""

    now: datetime = START
    away: bool = False
    hangs: bool = False
    asked: int = 0
    logs: int = field(default=1, init=False)

    async def read(self, log: int, after: int, limit: int, *, personal: bool) -> SimpleNamespace:
        self.asked += 1
        if self.away:
            raise Unavailable("gone")
        if self.hangs:
            await asyncio.Event().wait()
        return SimpleNamespace(facts=[SimpleNamespace(recorded_at=self.now - timedelta(seconds=1))])


@pytest.fixture
def made():
    models, log = Models(), Log()

    def now() -> datetime:
        return log.now

    breaker = Breaker("event store ages", clock=lambda: now().timestamp())
    return models, log, ClusterProgress(models, log, now=now, look_s=60, breaker=breaker)


@pytest.mark.parametrize("how", ["away", "hangs"])
async def test_the_lag_grows_while_the_event_store_does_not_tell(made, how) -> None:
    models, log, progress = made
    assert (await progress.reached(["likes"])).lag_ms == 1_000
    setattr(log, how, True)
    progress._look_s = 0.05
    log.now += timedelta(seconds=3)
    models.number = 7
    found = await progress.reached(["likes"])
    assert (found.positions, found.lag_ms) == ({0: 7}, 4_000)
    setattr(log, how, False)
    progress._look_s = 60
    assert (await progress.reached(["likes"])).lag_ms == 1_000


async def test_after_some_failures_it_is_asked_seldom(made) -> None:
    _, log, progress = made
    await progress.reached(["likes"])
    log.away = True
    for _ in range(FAILURES + 20):
        await progress.reached(["likes"])
    assert log.asked == 1 + FAILURES  # one call in a while finds out for all
    log.now += timedelta(seconds=60)
    log.away = False
    await progress.reached(["likes"])
    await progress.reached(["likes"])
    assert log.asked == 1 + FAILURES + 2


@pytest.mark.parametrize("behind", [True, False])
async def test_of_what_was_never_seen_or_has_gone_back_nothing_is_told(made, behind) -> None:
    models, log, progress = made
    if behind:
        await progress.reached(["likes"])
        models.number = 4
    log.away = True
    with pytest.raises(Unavailable, match="how old"):
        await progress.reached(["likes"])
