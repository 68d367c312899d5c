"""What events are told as: the fields that are stored, with the contract's times."""

import json

import pytest

from api.answers import dump
from api.telling import told
from domain.events import EVENT_TYPES
from domain.wire import to_wire
from tests.golden.samples import AT, sample

STORED, TOLD = AT.isoformat(timespec="microseconds"), "2026-01-02T03:04:05.678Z"


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_all_fields_are_told_and_only_times_differ_from_what_is_stored(name: str) -> None:
    event = sample(EVENT_TYPES[name])
    _, stored = to_wire(event)
    assert json.loads(dump(told(event))) == json.loads(dump(stored).replace(STORED.encode(), TOLD.encode()))
    assert STORED in dump(stored).decode()
    assert list(told(event, but=["at"])) == [field for field in stored if field != "at"]
