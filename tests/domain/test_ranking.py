"""Ranking: the formulas of the contract, and that the lasting form of a score keeps their order."""

from datetime import timedelta
from math import e, isclose

from hypothesis import assume, given
from hypothesis import strategies as st

from domain.ids import EPOCH
from domain.ranking import affinity, interest, lasting, score

counts = st.integers(0, 1_000_000)
ages = st.timedeltas(timedelta(), timedelta(days=7))
NOW = EPOCH + timedelta(days=700)


def test_the_formulas_of_the_contract():
    assert interest(3, 2) == 7
    assert score(0, 0, timedelta()) == 1
    assert score(3, 2, timedelta()) == 8
    assert score(3, 2, timedelta(hours=24)) == 4
    assert score(3, 2, timedelta(hours=72)) == 1
    assert score(0, 0, timedelta(seconds=-5)) == 1
    assert affinity(0, 0) == 1
    assert isclose(affinity(1, 0), 1 + 0.6931471805599453)
    assert isclose(affinity(0, 1), 1 + 1.0986122886681098)
    assert isclose(e ** (affinity(5, 2) - 1), 10)


@given(counts, counts, ages, counts, counts, ages)
def test_the_lasting_form_keeps_the_order_of_scores(likes, comments, age, others_likes, others_comments, others_age):
    one, other = score(likes, comments, age), score(others_likes, others_comments, others_age)
    assume(not isclose(one, other, rel_tol=1e-9))
    lasts = lasting(likes, comments, NOW - age), lasting(others_likes, others_comments, NOW - others_age)
    assert (one < other) == (lasts[0] < lasts[1])
    assert isclose(2 ** (lasts[0] - lasting(0, 0, NOW)), one, rel_tol=1e-9)


@given(counts, counts, ages)
def test_more_reactions_and_less_age_never_rank_lower(likes, comments, age):
    assert score(likes + 1, comments, age) > score(likes, comments, age)
    assert score(likes, comments + 1, age) > score(likes + 1, comments, age)
    assert score(likes, comments, age + timedelta(seconds=1)) < score(likes, comments, age)
    assert affinity(likes + 1, comments) > affinity(likes, comments)
