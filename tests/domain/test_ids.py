"""Ids: they sort by time, know their slot, and nothing else looks like one."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import NotFound
from domain.homes import Stream, slot_of_member
from domain.ids import EPOCH, SLOTS, first_id, is_id, new_id, next_id, slot_of, time_of

moments = st.integers(0, 2**41 - 1).map(lambda ms: EPOCH + timedelta(milliseconds=ms))
slots = st.integers(0, SLOTS - 1)


@given(slots, moments)
def test_an_id_holds_its_slot_and_its_millisecond(slot, at):
    made = new_id(slot, at)
    assert is_id(made)
    assert slot_of(made) == slot
    assert time_of(made) == at
    assert first_id(at) <= made


@given(slots, slots, moments, moments)
def test_text_order_is_time_order(one, other, early, late):
    if early > late:
        early, late = late, early
    if early < late:
        assert new_id(one, early) < new_id(other, late)


@given(slots, moments, st.integers(0, 4094))
def test_no_id_lies_between_one_and_the_next(slot, at, drawn):
    made = new_id(slot, at, lambda _: drawn)
    assert made < next_id(made) == new_id(slot, at, lambda _: drawn + 1)


@given(slots, moments)
def test_one_process_draws_no_id_twice_in_a_millisecond(slot, at):
    assert len({new_id(slot, at) for _ in range(512)}) == 512


@given(st.text(max_size=20))
def test_what_is_no_id_is_not_found(text):
    if not is_id(text):
        with pytest.raises(NotFound):
            slot_of(text)


@pytest.mark.parametrize("at", [EPOCH - timedelta(milliseconds=1), EPOCH + timedelta(milliseconds=2**41)])
def test_times_that_no_id_can_hold_are_an_error(at):
    with pytest.raises(ValueError):
        new_id(0, at)


@given(st.text(min_size=1), st.sampled_from([1, 4, 16, 64, 1024]))
def test_a_stream_lies_in_one_of_the_logs_however_its_name_is_cased(name, logs):
    slot = slot_of_member(name)
    assert slot == slot_of_member(name.casefold())
    assert 0 <= Stream("s", slot).log(logs) < logs
