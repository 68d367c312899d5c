"""Months as partitions of tables whose rows end by themselves, each counted from the year 0 on, in UTC.

All rows of a month end together, so nothing is ever deleted one by one, and no delete is read over.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from domain.ids import time_of

AHEAD: Final = timedelta(minutes=5)
"""How far the clock of whoever made an id may go before the reader's."""
SLACK: Final = timedelta(days=1)
"""Rows stay so much longer than they are read, so that all readers stop at one moment and not when servers clean up."""


def month_of(at: datetime) -> int:
    """The month of a moment."""
    return at.year * 12 + at.month - 1


@lru_cache(1 << 16)
def month_of_id(identifier: str) -> int:
    """The month in which an id was made."""
    return month_of(time_of(identifier))


def end_of(month: int) -> datetime:
    """The moment in which the next one begins."""
    return datetime((month + 1) // 12, (month + 1) % 12 + 1, 1, tzinfo=UTC)


@lru_cache(1 << 8)
def life(month: int, kept: timedelta, now: datetime) -> int | None:
    """Seconds that rows of a month have still to live, where they live so long after its end; None where that is past."""
    left = end_of(month) + kept - now
    return int((left + SLACK).total_seconds()) if left > timedelta() else None


def living(kept: timedelta, now: datetime) -> list[int]:
    """The months whose rows may be read, the newest first."""
    return list(range(month_of(now + AHEAD), month_of(now - kept) - 1, -1))
