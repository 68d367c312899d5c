"""Tiers: where originals lie by their age. What people look at are rendered files; an original is seldom read again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from domain.errors import Invalid

HOT: Final = "hot"
"""Where every original arrives, and stays until the first tier takes it."""


@dataclass(frozen=True, slots=True)
class Tier:
    """Where originals belong from so many days after their upload on."""

    name: str
    days: int


TIERS: Final = (Tier("warm", 30), Tier("cold", 90), Tier("frozen", 365))


def checked_tiers(tiers: Sequence[Tier]) -> tuple[Tier, ...]:
    """The tiers by rising age; refuses two of one name or age, and one called as the first."""
    rising = tuple(sorted(tiers, key=lambda tier: tier.days))
    if len({tier.name for tier in rising} | {HOT}) <= len(rising) or len({tier.days for tier in rising}) < len(rising):
        raise Invalid("invalid", f"every tier but {HOT} needs a name and an age of its own", field="tiers")
    return rising


def belongs(uploaded_at: datetime, now: datetime, tiers: Sequence[Tier]) -> str:
    """The tier in which an original of that age belongs, of these (by rising age)."""
    age = now - uploaded_at
    return next((tier.name for tier in reversed(tiers) if age >= timedelta(days=tier.days)), HOT)
