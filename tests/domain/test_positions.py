"""Positions: how far is far enough."""

from hypothesis import given
from hypothesis import strategies as st

from domain.positions import Position, covers, furthest, merge

logs, numbers = st.integers(0, 5), st.integers(1, 100)
maps = st.dictionaries(logs, numbers)


def test_the_furthest_of_each_log():
    assert furthest([]) == {}
    assert furthest([Position(1, 5), Position(0, 2), Position(1, 3)]) == {0: 2, 1: 5}


def test_what_covers_what():
    assert covers({}, {})
    assert covers({0: 1}, {})
    assert covers({0: 5, 1: 1}, {0: 5})
    assert not covers({0: 4}, {0: 5})
    assert not covers({1: 9}, {0: 1})


@given(maps, maps)
def test_a_merge_is_the_least_that_covers_both(one, other):
    both = merge([one, other])
    assert covers(both, one)
    assert covers(both, other)
    for log, number in both.items():
        assert not covers({**both, log: number - 1}, one) or not covers({**both, log: number - 1}, other)
    assert merge([other, one]) == both
    assert merge([both, both]) == both


@given(st.lists(maps, min_size=1, max_size=4), maps)
def test_whoever_covers_a_merge_covers_each_part(parts, reached):
    assert covers(reached, merge(parts)) == all(covers(reached, part) for part in parts)


@given(maps, maps, maps)
def test_covering_is_passed_on(most, more, less):
    if covers(most, more) and covers(more, less):
        assert covers(most, less)


@given(st.lists(st.builds(Position, logs, numbers)))
def test_positions_are_covered_by_their_furthest(positions):
    reached = furthest(positions)
    assert all(covers(reached, {position.log: position.number}) for position in positions)
    assert all(Position(log, number) in positions for log, number in reached.items())
