"""How often caches had what was asked for, by level and sort, for Prometheus."""

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector


@dataclass(slots=True)
class Tally:
    """What was found and what was missed of one sort; plain numbers, because hot paths count here."""

    found: int = 0
    missed: int = 0


class Hits(Collector):
    """All caches of one installation in this process."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, str], Tally] = {}

    def of(self, level: str, sort: str) -> Tally:
        """Where a cache counts."""
        return self._tallies.setdefault((level, sort), Tally())

    def collect(self) -> Iterator[CounterMetricFamily]:
        """What Prometheus reads; the hit ratio is `found` by all."""
        family = CounterMetricFamily(
            "filmroll_cache_lookups", "Things looked up in a cache.", labels=("level", "sort", "outcome")
        )
        for (level, sort), tally in sorted(self._tallies.items()):
            family.add_metric((level, sort, "found"), tally.found)
            family.add_metric((level, sort, "missed"), tally.missed)
        yield family
