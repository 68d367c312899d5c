"""The port `Counters` over Redis."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from redis.asyncio import Redis

from commands.errors import Unavailable
from infra.clustering import ClusterReadModels
from infra.redis.connecting import send
from infra.redis.keys import MARK, WHOLE, Names, field_of, group_of
from projections.counters import COUNTERS, Kind
from projections.stores import NoLiveModelError


class CountsNotReadyError(NoLiveModelError):
    """Counts can't be told now: Redis is away, or lost them and is being filled again. They are unknown, not zero."""


class RedisCounters:
    """Exact tallies."""

    def __init__(self, models: ClusterReadModels, client: Redis, *, realm: str) -> None:
        self._models = models
        self._client = client
        self._realm = realm

    async def read(self, subjects: Iterable[str], kinds: Iterable[Kind]) -> Mapping[tuple[str, Kind], int]:
        """The count of each kind for each subject; raises `CountsNotReadyError` rather than say zero of what is lost."""
        model, _ = await self._models.live(COUNTERS)
        names, wanted = Names(self._realm, model), list(kinds)
        pairs: defaultdict[int, list[tuple[str, Kind]]] = defaultdict(list)
        for subject in dict.fromkeys(subjects):
            pairs[group_of(subject)] += [(subject, kind) for kind in wanted]
        calls = (
            ("HMGET", names.groups[group].counts, MARK, *(field_of(*pair) for pair in pairs[group])) for group in pairs
        )
        try:
            answers = await send(self._client, calls)
        except Unavailable as error:
            raise CountsNotReadyError(COUNTERS.name) from error
        counts: dict[tuple[str, Kind], int] = {}
        for of_group, (mark, *found) in zip(pairs.values(), answers, strict=True):
            if mark != WHOLE:
                raise CountsNotReadyError(COUNTERS.name)
            counts.update((pair, int(count or 0)) for pair, count in zip(of_group, found, strict=True))
        return counts
