"""The port `Trending` over Redis: a sorted set for each hour and each day."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from domain.ids import PhotoId, time_of
from infra.redis.connecting import Call
from infra.redis.counters import CountsNotReadyError, RedisTallies
from infra.redis.keys import BEHIND, MARK, WHOLE, field_of, group_of
from projections.analytics import hour_of
from projections.trending import TRENDING, Stirred


class RedisTrending:
    """Photos by what was made of them."""

    def __init__(self, tallies: RedisTallies) -> None:
        self._tallies = tallies

    async def top(self, places: Mapping[str, Stirred | None], limit: int) -> Mapping[str, Sequence[Stirred]]:
        """For each span (an hour or a day) the photos behind a place; those that nobody reacted to are in none."""
        names = await self._tallies.names(TRENDING)
        calls: list[Call] = []
        for span, place in places.items():
            group = names.groups[group_of(span)]
            end = ("inf", "") if place is None else place
            calls += [("HGET", group.counts, MARK), ("run", BEHIND, 1, group.ranks(span), *end, limit)]
        answers = iter(await self._tallies.ask(TRENDING, calls))
        found: dict[str, list[Stirred]] = {}
        for span, mark, page in zip(places, answers, answers, strict=True):
            if mark != WHOLE:
                raise CountsNotReadyError(TRENDING.name)
            values = iter(page)
            found[span] = [Stirred(int(count), photo.decode()) for photo, count in zip(values, values, strict=True)]
        return found

    async def interest(self, photo_ids: Sequence[PhotoId]) -> Mapping[PhotoId, int]:
        """How much was made of each."""
        names = await self._tallies.names(TRENDING)
        grouped: defaultdict[int, list[tuple[str, PhotoId]]] = defaultdict(list)
        for photo in dict.fromkeys(photo_ids):
            hour = hour_of(time_of(photo))
            grouped[group_of(hour)].append((hour, photo))
        calls = [
            ("HMGET", names.groups[group].counts, MARK, *(field_of(*pair) for pair in pairs))
            for group, pairs in grouped.items()
        ]
        found: dict[PhotoId, int] = {}
        for pairs, (mark, *counts) in zip(grouped.values(), await self._tallies.ask(TRENDING, calls), strict=True):
            if mark != WHOLE:
                raise CountsNotReadyError(TRENDING.name)
            found.update({photo: int(count or 0) for (_, photo), count in zip(pairs, counts, strict=True)})
        return found
