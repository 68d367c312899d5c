"""Idempotency keys: the first answer is given again for a day, to the same body."""

from datetime import timedelta

import pytest

from domain import once
from domain.errors import Invalid
from domain.events import PhotoLiked, RequestAnswered
from domain.folding import fold
from domain.once import KEPT, Answer
from tests.given import ANA, BEN, NOON

answered = RequestAnswered(at=NOON, member_id=ANA, body_hash="hash", status=201, answer="first", expires_at=NOON + KEPT)


def test_the_answer_is_kept_for_a_day():
    assert timedelta(hours=24) == KEPT
    assert once.recall(None, "hash", NOON) is None
    assert once.recall(answered, "hash", NOON) == Answer(201, "first")
    assert once.recall(answered, "hash", NOON + KEPT - timedelta(microseconds=1)) == Answer(201, "first")
    assert once.recall(answered, "hash", NOON + KEPT) is None


def test_another_body_is_refused_while_the_answer_is_kept():
    with pytest.raises(Invalid) as refusal:
        once.recall(answered, "another", NOON)
    assert refusal.value.code == "idempotency_key_reused"
    assert once.recall(answered, "another", NOON + KEPT) is None


def test_a_later_answer_stands_for_an_expired_one():
    other = RequestAnswered(
        at=NOON + KEPT, member_id=ANA, body_hash="hash", status=200, answer="second", expires_at=NOON + 2 * KEPT
    )
    unrelated = PhotoLiked(at=NOON, photo_id="p", owner_id=ANA, member_id=BEN)
    assert fold(once.evolve, None, (answered, other, unrelated)) == other
    assert fold(once.evolve, None, (unrelated,)) is None


def test_a_key_belongs_to_a_caller_a_method_and_a_path():
    asked = ("caller", "POST", "/v1/photos", "key")
    streams = [once.stream(*asked, 5)]
    streams += [once.stream(*asked[:at], "other", *asked[at + 1 :], 5) for at in range(4)]
    streams += [once.stream("caller", "POST", "/v1/photoskey", "", 5)]
    assert len({stream.name for stream in streams}) == len(streams)
    assert {stream.slot for stream in streams} == {5}
    assert once.stream(*asked, 5) == streams[0]
    assert "key" not in streams[0].name
