"""The port `Analytics` over Redis."""

from collections.abc import Sequence

from infra.redis.counters import RedisTallies
from projections.analytics import ANALYTICS, Measure, Span


class RedisAnalytics:
    """What happened when."""

    def __init__(self, tallies: RedisTallies) -> None:
        self._tallies = tallies

    async def tallies(self, spans: Sequence[str]) -> Sequence[Span]:
        """The counts of each hour or day that was asked for, zeros included, in the order asked."""
        counts = await self._tallies.read(ANALYTICS, spans, Measure)
        return [Span(name, {measure: counts[name, measure] for measure in Measure}) for name in spans]
