"""The tier in which an original belongs by its age."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Invalid
from domain.ids import new_id
from domain.tiers import TIERS, Tier, belongs, checked_tiers
from domain.uploads import object_key, upload_of

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "tier"),
    [
        *((-1, "hot"), (0, "hot"), (29.999, "hot"), (30, "warm"), (89.999, "warm"), (90, "cold"), (364.999, "cold")),
        *((365, "frozen"), (36_500, "frozen")),
    ],
)
def test_an_original_grows_colder_at_30_90_and_365_days(days: float, tier: str) -> None:
    assert belongs(NOW - timedelta(days=days), NOW, TIERS) == tier


@given(days=st.floats(0, 4000), more=st.floats(0, 4000), at=st.sets(st.integers(1, 3000), max_size=5))
def test_it_never_grows_warmer(days: float, more: float, at: set[int]) -> None:
    tiers = checked_tiers([Tier(f"t{number}", number) for number in at])
    names = ["hot", *(tier.name for tier in tiers)]
    first, later = (belongs(NOW - timedelta(days=age), NOW, tiers) for age in (days, days + more))
    assert names.index(first) <= names.index(later)


def test_where_a_tier_has_no_place_the_one_before_keeps_its_originals() -> None:
    assert belongs(NOW - timedelta(days=400), NOW, [TIERS[0]]) == "warm"
    assert belongs(NOW - timedelta(days=400), NOW, []) == "hot"


def test_tiers_come_in_the_order_of_their_age_and_contradict_nothing() -> None:
    assert checked_tiers([TIERS[2], TIERS[0], TIERS[1]]) == TIERS
    for wrong in ([Tier("a", 1), Tier("a", 2)], [Tier("a", 1), Tier("b", 1)], [Tier("hot", 1)]):
        with pytest.raises(Invalid):
            checked_tiers(wrong)


def test_an_originals_key_names_its_upload_and_no_other_key_does() -> None:
    upload = new_id(7, NOW, lambda _: 1)
    key = object_key(upload)
    assert upload_of(key) == upload
    for other in (
        "",
        "original",
        f"{key}/x",
        f"x/{key}",
        key.replace("2026", "2025"),
        key.replace("original", "thumb"),
    ):
        assert upload_of(other) is None
