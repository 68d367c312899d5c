"""Samples of every event of the catalogue, made from the types of its fields: random ones for properties, and one
stored form for each name under `tests/golden/`, which must decode for ever.

`python -m tests.golden.samples` writes the stored forms that are missing. It never overwrites: what was stored once
stays as it was.
"""

import dataclasses
import json
import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import strategies as st

from commands.ports import Context
from domain.events import EVENT_TYPES, Event, EventType
from domain.wire import to_wire
from infra.eventstore import codec

GOLDEN = Path(__file__).parent
KEY = bytes(range(32))
STREAM = "golden"
AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
LEAVES: dict[type, tuple[Any, st.SearchStrategy[Any]]] = {
    str: ("some text", st.text(st.characters(codec="utf-8"), max_size=20)),
    int: (42, st.integers(0, 2**53)),
    float: (1.5, st.floats(allow_nan=False, allow_infinity=False)),
    bool: (True, st.booleans()),
    datetime: (AT, st.datetimes(timezones=st.just(UTC))),
}


def golden_files() -> list[Path]:
    return sorted(GOLDEN.glob("*.json"))


def any_event(known: EventType) -> st.SearchStrategy[Event]:
    """Any event of that class with a member to seal it for."""
    made = cast(st.SearchStrategy[Event], _strategy(known.cls))
    subject = known.subject
    return made if subject is None else made.map(lambda event: _of_member(event, subject))


def sample(known: EventType) -> Event:
    """The one event of that class that is stored: every field is filled in."""
    event = cast(Event, _example(known.cls))
    return event if known.subject is None else _of_member(event, known.subject)


def stored_form(known: EventType) -> dict[str, Any]:
    """What a golden file holds: the stored bytes, and what they say."""
    event = sample(known)
    name, wire = to_wire(event)
    key = AESGCM(KEY) if codec.subject(event) else None
    context = Context("trace", "cause", "correlation")
    made = codec.draft(event, STREAM, 1, event_id=codec.new_event_id(AT), context=context, key=key)
    state = codec.stamped(made.body, codec.microseconds(AT)).decode()
    return {"name": name, "stream": STREAM, "personal": list(known.personal), "fields": wire, "state": state}


def write_missing(directory: Path = GOLDEN) -> list[Path]:
    """Write a golden file for each event that has none."""
    missing = [known for known in EVENT_TYPES.values() if not (directory / f"{known.name}.json").exists()]
    for known in missing:
        text = json.dumps(stored_form(known), indent=1, ensure_ascii=False)
        (directory / f"{known.name}.json").write_text(f"{text}\n")
    return [directory / f"{known.name}.json" for known in missing]


def _of_member(event: Event, subject: str) -> Event:
    return cast(Event, dataclasses.replace(cast(Any, event), **{subject: "m1"}))


def _strategy(hint: Any) -> st.SearchStrategy[Any]:
    return _by_hint(
        hint,
        leaf=lambda kind, _: LEAVES[kind][1],
        optional=lambda inner: st.none() | inner,
        several=lambda inner: st.lists(inner, max_size=3).map(tuple),
        made=lambda cls, parts: st.builds(cls, **parts),
    )


def _example(hint: Any) -> Any:
    return _by_hint(
        hint,
        leaf=lambda kind, field: f"the {field} “as written”" if kind is str else LEAVES[kind][0],
        optional=lambda inner: inner,
        several=lambda inner: (inner,),
        made=lambda cls, parts: cls(**parts),
    )


def _by_hint(
    hint: Any,
    field: str = "",
    *,
    leaf: Callable[[type, str], Any],
    optional: Callable[[Any], Any],
    several: Callable[[Any], Any],
    made: Callable[[type, dict[str, Any]], Any],
) -> Any:
    """Fold over the type of a field, in the four shapes that events have."""

    def fold(inner: Any, name: str = field) -> Any:
        return _by_hint(inner, name, leaf=leaf, optional=optional, several=several, made=made)

    if get_origin(hint) in (Union, types.UnionType):
        (inner,) = (part for part in get_args(hint) if part is not type(None))
        return optional(fold(inner))
    if get_origin(hint) is tuple:
        return several(fold(get_args(hint)[0]))
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        return made(cast(type, hint), {each.name: fold(hints[each.name], each.name) for each in fields(hint)})
    return leaf(hint, field)


if __name__ == "__main__":
    for path in write_missing():
        print(path.name)
