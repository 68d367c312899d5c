"""The ring: every log has one home, and a database more moves nothing but its own share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.eventstore.placement import Placed, Ring, astray

LOGS = range(1024)


@given(databases=st.integers(1, 8))
def test_a_database_more_only_takes_logs(databases: int) -> None:
    before, after = Ring(range(databases)), Ring(range(databases + 1))
    moved = {log for log in LOGS if before.home(log) != after.home(log)}
    assert {after.home(log) for log in moved} == {databases}
    assert len(moved) < 2 * len(LOGS) / (databases + 1)


@pytest.mark.parametrize("databases", [2, 3, 5])
def test_shares_are_even_enough(databases: int) -> None:
    homes = [Ring(range(databases)).home(log) for log in LOGS]
    shares = [homes.count(number) * databases / len(LOGS) for number in range(databases)]
    assert all(0.75 < share < 1.25 for share in shares)


def test_a_home_is_the_same_in_every_process_for_ever() -> None:
    assert [Ring(range(2)).home(log) for log in range(16)] == [1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0, 1, 0, 1]


def test_a_ring_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a database"):
        Ring([])


def test_astray_is_what_lies_elsewhere_than_the_ring_says() -> None:
    ring = Ring(range(3))
    placed = {log: Placed(log, Ring(range(2)).home(log), 1, None, made=True) for log in range(64)}
    wanted = astray(placed, range(3))
    assert set(wanted.values()) == {2}
    assert set(wanted) == {log for log in range(64) if ring.home(log) == 2}
