"""Slow queries: what a store takes too long for is logged with how it goes about it, and with the request's trace id.

Statements are logged as they are prepared: no value is, for values are members' own words.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import Context, ContextVar
from dataclasses import dataclass
from typing import Any, Final

import structlog

PLAIN_MS: Final = 100.0
_log = structlog.get_logger(__name__)
_askers: ContextVar[Sequence[Context]] = ContextVar("askers", default=())


@contextmanager
def on_behalf_of(askers: Sequence[Context]) -> Iterator[None]:
    """What is slow within is logged as asked for in these contexts: a store answers several requests by one query."""
    token = _askers.set(askers)
    try:
        yield
    finally:
        _askers.reset(token)


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
                "slow query",
                store=str(store),
                took_ms=round(took_ms, 1),
                statement=statement,
                plan=list(plan()),
                **_asked_for(),
            )


def _asked_for() -> dict[str, Any]:
    """What log lines of the first asker say of it; of the others, their traces."""
    bound = [asker.run(structlog.contextvars.get_contextvars) for asker in _askers.get()]
    first = bound[0] if bound else {}
    traces = dict.fromkeys(each["trace_id"] for each in bound if "trace_id" in each)
    others = [trace for trace in traces if trace != first.get("trace_id")]
    return {**first, **({"other_trace_ids": others} if others else {})}
