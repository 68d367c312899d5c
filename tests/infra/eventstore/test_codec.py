"""Stored bytes: what goes in comes out, what is personal only with its key, and old bytes for ever."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from commands.ports import Context
from domain.events import EVENT_TYPES, Event, EventType, PhotoUploaded, ProfileChanged
from domain.recorded import Recorded
from domain.wire import UPCASTERS, Erased, is_erased, to_wire
from infra.eventstore import codec
from infra.eventstore.sealing import Tampered
from streams.ports import Stored
from tests.golden.samples import AT, GOLDEN, KEY, any_event, golden_files, sample, write_missing

KEYS = {"m1": AESGCM(KEY)}
by_name = pytest.mark.parametrize("known", EVENT_TYPES.values(), ids=EVENT_TYPES)
by_file = pytest.mark.parametrize("path", golden_files(), ids=lambda path: path.stem)


def stored(event: Event, stream: str = "s") -> Stored:
    key = KEYS["m1"] if codec.subject(event) else None
    made = codec.draft(event, stream, 3, event_id="e1", context=Context("t", "", "c"), key=key)
    return Stored(2, 7, stream, 3, made.name, codec.stamped(made.body, codec.microseconds(AT)))


def decoded(form: Stored, keys: dict[str, AESGCM]) -> Recorded:
    return codec.decoded(form, codec.parse(form.state), keys)


@by_name
@given(data=st.data())
def test_every_event_comes_back_with_its_envelope(known: EventType, data: st.DataObject) -> None:
    event = data.draw(any_event(known))
    fact = decoded(stored(event), KEYS)
    assert fact.event == event
    assert (fact.stream, fact.version, fact.position.log, fact.position.number) == ("s", 3, 2, 7)
    assert (fact.event_id, fact.recorded_at) == ("e1", AT)
    assert (fact.trace_id, fact.causation_id, fact.correlation_id) == ("t", "", "c")


@by_name
def test_personal_fields_are_sealed_and_without_the_key_erased(known: EventType) -> None:
    form, event = stored(sample(known)), sample(known)
    _, wire = to_wire(event)
    assert not known.personal or not set(codec.parse(form.state)["fields"]) & set(known.personal)
    fact = decoded(form, {})
    for field in wire:
        if field in known.personal:
            left = getattr(fact.event, field)
            assert left == () or isinstance(left, Erased | None)
        else:
            assert getattr(fact.event, field) == getattr(event, field)


@by_file
def test_every_golden_file_decodes(path: Path) -> None:
    golden = json.loads(path.read_text())
    form = Stored(0, 1, golden["stream"], 1, golden["name"], golden["state"].encode())
    fact = decoded(form, KEYS)
    assert fact.recorded_at == AT
    if golden["name"] not in UPCASTERS:
        assert to_wire(fact.event)[1] == golden["fields"]
    for field in golden["personal"]:
        assert f'"the {field} ' not in golden["state"]
    decoded(form, {})


def test_what_was_kept_in_clear_before_it_was_personal_is_erased_with_the_rest() -> None:
    golden = json.loads((GOLDEN / "photo.uploaded.v1.json").read_text())
    form = Stored(0, 1, golden["stream"], 1, golden["name"], golden["state"].encode())
    assert '"tags":["the tags ' in golden["state"]
    fact = decoded(form, {})
    assert isinstance(fact.event, PhotoUploaded)
    assert (fact.event.tags, fact.event.mentions) == ((), ())
    assert is_erased(fact.event)


def test_sealed_fields_open_only_where_they_were_sealed() -> None:
    mine = stored(ProfileChanged(at=AT, member_id="m1", first_name="A", last_name="B", bio="C"))
    assert isinstance(decoded(mine, KEYS).event, ProfileChanged)
    for elsewhere in (
        mine._replace(stream="other"),
        mine._replace(name="comment.written.v1"),
        mine._replace(state=mine.state.replace(b'"id":"e1"', b'"id":"e2"')),
    ):
        with pytest.raises(Tampered):
            decoded(elsewhere, KEYS)
    with pytest.raises(Tampered):
        decoded(mine, {"m1": AESGCM(bytes(32))})


def test_an_event_whose_personal_fields_are_empty_needs_no_key() -> None:
    assert codec.subject(ProfileChanged(at=AT, member_id="m1", first_name="", last_name="", bio="")) is None
    with pytest.raises(ValueError, match="no member"):
        codec.subject(ProfileChanged(at=AT, member_id="", first_name="A", last_name="", bio=""))


@given(at=st.datetimes(datetime(1980, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_times_keep_their_microseconds_and_ids_their_order(at: datetime) -> None:
    assert codec.moment(codec.microseconds(at)) == at
    assert codec.stamp_of(codec.stamped(b'"id":"x"}', codec.microseconds(at))[: codec.STAMPED]) == codec.microseconds(
        at
    )
    later = at.replace(year=at.year + 1, day=1)
    assert codec.new_event_id(at) < codec.new_event_id(later)
    assert codec.new_event_id(at)[12] == "7"
    assert codec.new_event_id(at)[16] in "89ab"


def test_golden_files_are_made_once_and_never_overwritten(tmp_path: Path) -> None:
    assert {path.stem for path in write_missing(tmp_path)} == set(EVENT_TYPES)
    changed = tmp_path / "photo.liked.v1.json"
    changed.write_text("{}")
    assert write_missing(tmp_path) == []
    assert changed.read_text() == "{}"
