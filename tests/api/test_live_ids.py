"""Where a stream is gone on with: ids of many logs, and ids that are too old."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.packing import packed, unpacked
from api.reads.live import TOO_OLD, Place, begin
from api.signing import Sealer
from tests.given import ANA, BEN

SEALER = Sealer(b"secret")
MOST_LOGS = 1_024
HEADER = 8_000
"""So many letters of one header are let pass by proxies (nginx and Apache, as they come)."""


@given(st.lists(st.integers(0, 1 << 62)))
def test_numbers_are_as_they_were_packed(numbers: list[int]) -> None:
    assert unpacked(packed(numbers)) == numbers


@pytest.mark.parametrize("logs", [1, 64, 201, MOST_LOGS])
def test_an_id_of_any_number_of_logs_leads_back(logs: int) -> None:
    heads = {log: 7_000_000_000 + log * 200_003 for log in range(logs)}
    last = Place(dict(heads), log=logs - 1, told=2).sealed(SEALER, ANA)
    assert len(last) < HEADER
    assert begin(SEALER, ANA, last, heads) == (Place(heads, logs - 1, 2), False)


def test_an_id_is_too_old_where_more_than_so_many_facts_came_since() -> None:
    last = Place({0: 10, 1: 20}, log=1, told=1).sealed(SEALER, ANA)
    at_the_edge = {0: 10 + TOO_OLD - 5, 1: 25}
    assert begin(SEALER, ANA, last, at_the_edge) == (Place({0: 10, 1: 20}, 1, 1), False)
    past_it = {0: 10 + TOO_OLD - 5, 1: 26}
    assert begin(SEALER, ANA, last, past_it) == (Place(past_it), True)


def test_what_is_no_id_of_ones_own_is_a_gap_and_none_is_a_beginning() -> None:
    heads = {0: 3, 1: 4}
    other = Place({0: 1}).sealed(SEALER, ANA)
    for last in ("nonsense", other, Place({0: 1, 1: 1}).sealed(SEALER, BEN)):
        assert begin(SEALER, ANA, last, heads) == (Place(heads), True)
    for last in (None, "", " "):
        assert begin(SEALER, ANA, last, heads) == (Place(heads), False)
