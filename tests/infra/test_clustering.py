"""What the cluster's read models say of builds while one of their stores is away, or hangs."""

import asyncio
from collections.abc import Mapping

import pytest

from commands.errors import Unavailable
from infra import clustering
from infra.cassandra.registry import Entry, Snapshot
from infra.clustering import ClusterReadModels
from projections.stores import Model, OutOfReachError, State
from tests.cluster import utc_now

LIKES, COUNTERS, SEARCH = (Model(name, 1) for name in ("likes", "counters", "photo_search"))


class OneRegistry:
    """A registry of one live build for each of three projections."""

    fresh_s = 0.5

    async def read(self) -> Snapshot:
        entry = Entry(1, State.LIVE, 8, paused=False)
        models = (COUNTERS, LIKES, SEARCH)
        return Snapshot(dict.fromkeys(models, entry), {each.projection: each for each in models}, {}, {})

    snapshot = read


class Steady:
    """A store that stands at 7."""

    async def checkpoints(self, model: Model, logs: object = None) -> Mapping[int, int]:
        return {0: 7}

    async def letters(self, model: Model) -> int:
        return 1


class Down(Steady):
    async def checkpoints(self, model: Model, logs: object = None) -> Mapping[int, int]:
        raise Unavailable("gone")


class Hanging(Steady):
    async def letters(self, model: Model) -> int:
        await asyncio.Event().wait()
        return 0


def models(**stores: object) -> ClusterReadModels:
    return ClusterReadModels(OneRegistry(), Steady(), stores, now=utc_now)


async def test_a_store_that_is_away_or_hangs_hides_no_other(monkeypatch) -> None:
    monkeypatch.setattr(clustering, "_PATIENCE_S", 0.05)
    found = {each.model: each for each in await models(counters=Down(), photo_search=Hanging()).status()}
    told = {model: (each.reachable, each.checkpoints, each.dead_letters) for model, each in found.items()}
    assert told == {COUNTERS: (False, {}, 0), LIKES: (True, {0: 7}, 1), SEARCH: (False, {}, 0)}
    assert {each.state for each in found.values()} == {State.LIVE}


async def test_how_far_a_build_is_in_a_store_that_is_away_can_not_be_told() -> None:
    made = models(counters=Down())
    assert await made.reached("likes", [0]) == {0: 7}
    with pytest.raises(OutOfReachError) as raised:
        await made.reached("counters", [0])
    assert raised.value.projection == "counters"
