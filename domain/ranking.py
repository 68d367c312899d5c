"""Ranking: how photos are weighed against each other, in feeds, in trending and in explore.

The score of a photo halves every day. So two photos that nobody touches keep their order for ever, and `lasting` gives
the same order by a number that time doesn't change: it can be compared across moments, and be indexed.
"""

from datetime import datetime, timedelta
from math import exp2, log, log2
from typing import Final

from domain.ids import EPOCH

HALF_LIFE: Final = timedelta(hours=24)
AFFINITY_SPAN: Final = timedelta(days=30)
"""How far back a reader's likes and comments count for what they feel for an author."""


def interest(likes: int, comments: int) -> int:
    """What trending goes by: a comment is worth two likes."""
    return likes + 2 * comments


def score(likes: int, comments: int, age: timedelta) -> float:
    """`(1 + likes + 2·comments) · 2^(−age_hours / 24)`; an age below zero, of clocks that differ, counts as none."""
    return (1 + interest(likes, comments)) * exp2(-max(age, timedelta()) / HALF_LIFE)


def lasting(likes: int, comments: int, published: datetime) -> float:
    """The binary logarithm of the score as seen from `EPOCH`: the same order as `score`, whenever one looks."""
    return log2(1 + interest(likes, comments)) + (published - EPOCH) / HALF_LIFE


def affinity(likes: int, comments: int) -> float:
    """`1 + ln(1 + l + 2c)` for the likes and comments that a reader gave an author within `AFFINITY_SPAN`."""
    return 1.0 + log(1 + interest(likes, comments))
