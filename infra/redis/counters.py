"""The port `Counters` over Redis, and what it shares with other ports that tell counts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from redis.asyncio import Redis

from commands.errors import Unavailable
from infra.clustering import ClusterReadModels
from infra.redis.connecting import Call, send
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
        names, wanted = await self.names(projection), list(kinds)
        pairs: defaultdict[int, list[tuple[str, K]]] = defaultdict(list)
        for subject in dict.fromkeys(subjects):
            pairs[group_of(subject)] += [(subject, kind) for kind in wanted]
        calls = [
            ("HMGET", names.groups[group].counts, MARK, *(field_of(*pair) for pair in asked))
            for group, asked in pairs.items()
        ]
        answers = await self.ask(projection, calls)
        counts: dict[tuple[str, K], int] = {}
        for asked, (mark, *found) in zip(pairs.values(), answers, strict=True):
            if mark != WHOLE:
                raise CountsNotReadyError(projection.name)
            counts.update((pair, int(count or 0)) for pair, count in zip(asked, found, strict=True))
        return counts

    async def names(self, projection: Projection) -> Names:
        """The keys of the live build."""
        model, _ = await self._models.live(projection)
        return Names(self._realm, model)

    async def ask(self, projection: Projection, calls: Sequence[Call]) -> list[Any]:
        """The answers to some commands; `CountsNotReadyError` while Redis is away."""
        try:
            return await send(self._client, calls)
        except Unavailable as error:
            raise CountsNotReadyError(projection.name) from error


class RedisCounters:
    """Exact tallies."""

    def __init__(self, tallies: RedisTallies) -> None:
        self._tallies = tallies

    async def read(self, subjects: Iterable[str], kinds: Iterable[Kind]) -> Mapping[tuple[str, Kind], int]:
        """The count of each kind for each subject; every pair that was asked for is in the answer."""
        return await self._tallies.read(COUNTERS, subjects, kinds)
