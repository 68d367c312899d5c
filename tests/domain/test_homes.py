"""Homes: where a stream lies is decided by its home alone, and for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import claims, comments, follows, likes, members, photos, sessions, uploads
from domain.homes import Stream, slot_of_email, slot_of_home, slot_of_member, slot_of_reactions
from domain.ids import SLOTS, new_id
from tests.given import ANA, BEN, NOON


@pytest.mark.parametrize(
    ("slot", "known"),
    [
        (slot_of_member("ana"), 880),
        (slot_of_reactions("0123456789abc"), 272),
        (slot_of_email("fingerprint"), 288),
        (slot_of_home(""), 692),
    ],
)
def test_what_was_placed_once_is_found_there_for_ever(slot, known):
    assert slot == known


@given(st.text())
def test_every_home_has_a_slot(home):
    assert 0 <= slot_of_home(home) < SLOTS


@given(st.text(st.characters(codec="ascii")))
def test_a_name_lies_in_one_place_in_whatever_case(username):
    assert slot_of_member(username.upper()) == slot_of_member(username.lower())


def test_homes_of_two_kinds_do_not_share_a_place_by_their_names():
    assert len({slot_of_member("same"), slot_of_reactions("same"), slot_of_email("same"), slot_of_home("same")}) == 4


def test_homes_spread_over_the_slots():
    used = {slot_of_member(f"member{number}") for number in range(10_000)}
    assert len(used) > 0.99 * SLOTS


@given(st.integers(0, SLOTS - 1), st.integers(0, 10).map(lambda power: 2**power))
def test_a_slot_lies_in_one_of_the_logs_and_fewer_logs_hold_whole_ones(slot, logs):
    stream = Stream("any", slot)
    assert 0 <= stream.log(logs) < logs
    assert stream.log(1) == 0
    assert stream.log(logs) == stream.log(SLOTS) % logs


def test_what_shares_a_transaction_shares_a_home():
    ana = new_id(slot_of_member("ana"), NOON)
    photo = new_id(slot_of_member("ana"), NOON)
    home = slot_of_member("ANA")
    assert claims.username_stream("fingerprint", home).slot == members.stream(ana).slot == home
    assert photos.stream(photo).slot == sessions.stream(ana).slot == uploads.stream(ana).slot == home
    assert follows.stream(ana, BEN).slot == home
    comment = new_id(slot_of_reactions(photo), NOON)
    assert likes.stream(photo, BEN).slot == likes.stream(photo, ana).slot == comments.stream(comment).slot


def test_streams_of_two_pairs_are_two():
    assert follows.stream(ANA, BEN) != follows.stream(BEN, ANA)
    assert len({likes.stream(one, other).name for one in (ANA, BEN) for other in (ANA, BEN)}) == 4
