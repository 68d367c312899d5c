"""Slow queries: what a store takes too long for is logged with how it goes about it, and with the request's trace id.

Statements are logged as they are prepared: no value is, for values are members' own words.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import structlog

PLAIN_MS: Final = 100.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Slow:
    """From how many milliseconds on a query is slow."""

    threshold_ms: float = PLAIN_MS

    def note(
        self, store: object, statement: str, took_s: float, plan: Callable[[], Iterable[str]] = tuple[str, ...]
    ) -> None:
        """Log the statement where it took that long; only then `plan` is asked, and may ask the store."""
        took_ms = 1000 * took_s
        if took_ms >= self.threshold_ms:
            _log.warning(
                "slow query", store=str(store), took_ms=round(took_ms, 1), statement=statement, plan=list(plan())
            )
