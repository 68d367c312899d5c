"""Ranks: between any two there is another, and those given by time come in the order of time."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain import ranks
from tests.given import NOON

digits = st.text("0123456789abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12).filter(lambda text: text[-1] != "0")


@given(st.lists(digits, min_size=2, max_size=2, unique=True))
def test_between_two_ranks_lies_another(pair):
    low, high = sorted(pair)
    middle = ranks.between(low, high)
    assert low < middle < high
    assert not middle.endswith("0")


@given(digits)
def test_above_every_rank_lies_another(low):
    assert ranks.between(low, None) > low


def test_a_thousand_are_put_behind_the_same_one():
    low, high = ranks.last(NOON), ranks.last(NOON + timedelta(seconds=1))
    for _ in range(1000):
        middle = ranks.between(low, high)
        assert low < middle < high
        high = middle
    assert len(high) < 300


def test_time_goes_up_at_the_end_and_down_at_the_beginning():
    earlier, later = NOON, NOON + timedelta(microseconds=1)
    assert ranks.first(later) < ranks.first(earlier) < ranks.last(earlier) < ranks.last(later)
