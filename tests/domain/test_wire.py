"""The wire form: whatever was recorded once is understood for ever."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events import EVENT_TYPES, EventType
from domain.wire import ERASED, UPCASTERS, Erased, UnknownEvent, erased, from_wire, to_wire
from tests.golden.samples import any_event, golden_files, sample

by_name = pytest.mark.parametrize("known", EVENT_TYPES.values(), ids=EVENT_TYPES)
by_file = pytest.mark.parametrize("path", golden_files(), ids=lambda path: path.stem)


@by_name
@given(data=st.data())
def test_every_event_comes_back_from_the_wire(known: EventType, data: st.DataObject) -> None:
    event = data.draw(any_event(known))
    name, wire = to_wire(event)
    assert name == known.name
    assert from_wire(name, json.loads(json.dumps(wire))) == event


@by_name
def test_every_event_has_a_golden_file(known: EventType) -> None:
    assert known.name in {path.stem for path in golden_files()}, "run python -m tests.golden.samples, and commit"


@by_file
def test_every_golden_file_is_understood_and_says_what_it_said(path: Path) -> None:
    golden = json.loads(path.read_text())
    event = from_wire(golden["name"], golden["fields"])
    if golden["name"] not in UPCASTERS:
        assert to_wire(event) == (golden["name"], golden["fields"])


@by_name
def test_erased_fields_are_marked_and_the_rest_is_whole(known: EventType) -> None:
    _, wire = to_wire(sample(known))
    event = from_wire(known.name, erased(known, wire))
    for field in wire:
        if field in known.personal:
            assert getattr(event, field) in (ERASED, (), None)
            assert isinstance(getattr(event, field), Erased | tuple | None)
        else:
            assert getattr(event, field) == getattr(sample(known), field)


def test_an_unknown_name_is_told() -> None:
    with pytest.raises(UnknownEvent, match=r"photo\.eaten\.v1"):
        from_wire("photo.eaten.v1", {})


@by_name
def test_fields_that_do_not_fit_are_told(known: EventType) -> None:
    _, wire = to_wire(sample(known))
    for broken in ({}, {**wire, "unheard_of": 1}, {**wire, "at": "yesterday"}):
        with pytest.raises(ValueError):
            from_wire(known.name, broken)
