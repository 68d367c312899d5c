"""While one store is away, what lies in others goes on, and what lies there is neither lost nor taken for empty."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from commands.errors import Unavailable
from domain.events import PhotoLiked
from domain.likes import stream
from infra.sqlite.progress import SqliteProgress
from projections.catalogue import BY_NAME
from projections.stores import Batch, Fed, Model, ModelStatus, OutOfReachError, ReadModels, State
from streams.broker import Broker, StalledError
from streams.feeding import Feeder
from streams.following import Follower, prepare
from streams.host import Heads, Host
from streams.rebuild import rebuild
from streams.standing import standing
from streams.verifying import positions
from tests.projections.feeding import sqlite_models
from tests.streams.memory_log import START, MemoryLog

LIKES, COUNTERS = BY_NAME["likes"], BY_NAME["counters"]


@dataclass
class Reaching:
    """Read models, of which those of some projections lie in a store that is away."""

    whole: Any
    away: set[str] = field(default_factory=set)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole, name)

    async def status(self) -> Sequence[ModelStatus]:
        return [
            replace(each, checkpoints={}, dead_letters=0, reachable=False)
            if each.model.projection in self.away
            else each
            for each in await self.whole.status()
        ]

    async def checkpoints(self, model: Model) -> Mapping[int, int]:
        found: Mapping[int, int] = await self.whole.checkpoints(model)
        if model.projection in self.away:
            raise OutOfReachError(model.projection)
        return found

    async def feed(self, model: Model, projection: Any, batch: Batch, *, park: bool) -> Fed:
        if model.projection in self.away:
            raise Unavailable("the store is down")
        fed: Fed = await self.whole.feed(model, projection, batch, park=park)
        return fed


@pytest.fixture
async def models(tmp_path):
    async with sqlite_models(tmp_path) as made:
        await prepare(made, [LIKES, COUNTERS], log=MemoryLog())
        yield Reaching(made)


@pytest.fixture
def log() -> MemoryLog:
    made = MemoryLog(2)
    like(made, *"abcdef")
    return made


def like(log: MemoryLog, *members: str) -> None:
    for member in members:
        at = stream("photo", member)
        log.append(at.slot, at.name, PhotoLiked(at=START, photo_id="photo", owner_id="o", member_id=member))


async def test_a_follower_goes_on_with_the_others_and_comes_back(models: Reaching, log: MemoryLog) -> None:
    models.away = {"likes"}
    progress = SqliteProgress(models.whole, log)
    follower = Follower(log, models, [LIKES, COUNTERS], poll_s=0.02)
    await follower.start()
    try:
        assert await progress.wait(["counters"], log.heads(), timeout_s=20)
        like(log, *"ghi")
        assert await progress.wait(["counters"], log.heads(), timeout_s=20)
        assert list(follower.failing) == ["likes@1"]
        assert not any((await progress.reached(["likes"])).positions.values())
        models.away.clear()
        assert await progress.wait(["likes"], log.heads(), timeout_s=20)
    finally:
        await follower.stop()


async def test_a_build_out_of_reach_is_never_taken_for_an_empty_one(models: Reaching, log: MemoryLog) -> None:
    await rebuild(LIKES, log=log, models=models)
    models.away = {"likes"}
    with pytest.raises(OutOfReachError):
        await models.checkpoints(Model("likes", 1))
    with pytest.raises(OutOfReachError):
        await positions(models, Model("likes", 1), Model("likes", 2))
    with pytest.raises(OutOfReachError):
        await rebuild(LIKES, log=log, models=models)
    with pytest.raises(LookupError):
        await models.checkpoints(Model("likes", 9))
    assert await models.checkpoints(Model("counters", 1)) == {}
    found = {str(each.status.model): each for each in await standing(log, models, START + timedelta(hours=1))}
    assert (found["likes@1"].behind, found["likes@1"].lag_s) == (None, None)
    assert found["counters@1"].behind == sum(log.heads().values())
    assert {s.model for s in await models.status() if s.state is State.READY} == {Model("likes", 2)}


def host(models: ReadModels, log: MemoryLog) -> Host:
    """A host that has seen nothing move for longer than it is patient; without a broker."""
    broker = Broker("localhost:1", "events", 1, group="t-", look_s=0.1, stall_s=5.0)
    made = Host(Feeder(log, models, LIKES, Model("likes", 1)), log, broker)
    made._faust._partitions = frozenset({0})
    made._assigning.set()
    made._moved = dict.fromkeys(range(log.logs), time.monotonic() - 60)
    return made


async def test_a_store_that_is_away_is_no_stall_of_the_worker(models: Reaching, log: MemoryLog) -> None:
    models.away = {"likes"}
    waiting = host(models, log)
    await waiting._watch()
    models.away.clear()
    await waiting._watch()
    assert sum((await models.checkpoints(Model("likes", 1))).values()) == sum(log.heads().values())


async def test_a_build_that_does_not_move_though_its_store_answers_is_a_stall(models: Reaching, log: MemoryLog) -> None:
    @dataclass
    class Refusing(Reaching):
        async def feed(self, model: Model, projection: Any, batch: Batch, *, park: bool) -> Fed:
            raise Unavailable("writes only")

    stuck = host(Refusing(models.whole), log)
    with pytest.raises(StalledError):
        await stuck._watch()


async def test_hosts_of_a_process_ask_for_a_head_once_and_again_after_an_error(log: MemoryLog) -> None:
    @dataclass
    class Counting:
        asked: int = 0
        broken: bool = True

        async def head(self, number: int) -> int:
            self.asked += 1
            if self.broken:
                raise Unavailable("the database is away")
            return await log.head(number)

    counting = Counting()
    heads = Heads(counting, fresh_s=60)  # type: ignore[arg-type]
    refused = await asyncio.gather(*(heads.of(0) for _ in range(9)), return_exceptions=True)
    assert [type(each) for each in refused] == [Unavailable] * 9
    counting.broken = False
    assert await asyncio.gather(*(heads.of(0) for _ in range(9))) == [log.heads()[0]] * 9
    assert counting.asked == 2
