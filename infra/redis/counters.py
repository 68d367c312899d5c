"""The port `Counters` over Redis, and what it shares with other ports that tell counts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

from redis.asyncio import Redis

from commands.errors import Unavailable
from infra.clustering import ClusterReadModels
from infra.redis.connecting import send
from infra.redis.keys import MARK, WHOLE, Names, field_of, group_of
from projections.counters import COUNTERS, Kind
from projections.rows import Projection
from projections.stores import OutOfReachError

K = TypeVar("K", bound=StrEnum)


class CountsNotReadyError(OutOfReachError):
    """Counts can't be told now: Redis is away, or lost them and is being filled again. They are unknown, not zero."""


class RedisTallies:
    """The counts of live builds; the ports are over this."""

    def __init__(self, models: ClusterReadModels, client: Redis, *, realm: str) -> None:
        self._models = models
        self._client = client
        self._realm = realm

    async def read(
        self, projection: Projection, subjects: Iterable[str], kinds: Iterable[K]
    ) -> dict[tuple[str, K], int]:
        """The count of each kind for each subject; raises `CountsNotReadyError` rather than say zero of what is lost."""
        model, _ = await self._models.live(projection)
        names, wanted = Names(self._realm, model), list(kinds)
        pairs: defaultdict[int, list[tuple[str, K]]] = defaultdict(list)
        for subject in dict.fromkeys(subjects):
            pairs[group_of(subject)] += [(subject, kind) for kind in wanted]
        calls = (
            ("HMGET", names.groups[group].counts, MARK, *(field_of(*pair) for pair in asked))
            for group, asked in pairs.items()
        )
        try:
            answers = await send(self._client, calls)
        except Unavailable as error:
            raise CountsNotReadyError(projection.name) from error
        counts: dict[tuple[str, K], int] = {}
        for asked, (mark, *found) in zip(pairs.values(), answers, strict=True):
            if mark != WHOLE:
                raise CountsNotReadyError(projection.name)
            counts.update((pair, int(count or 0)) for pair, count in zip(asked, found, strict=True))
        return counts


class RedisCounters:
    """Exact tallies."""

    def __init__(self, tallies: RedisTallies) -> None:
        self._tallies = tallies

    async def read(self, subjects: Iterable[str], kinds: Iterable[Kind]) -> Mapping[tuple[str, Kind], int]:
        """The count of each kind for each subject; every pair that was asked for is in the answer."""
        return await self._tallies.read(COUNTERS, subjects, kinds)
