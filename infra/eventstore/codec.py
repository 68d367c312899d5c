"""Facts to stored bytes and back: a JSON object with the envelope, the fields, and the personal fields sealed.

    {"at":1767225600000000,"id":"…","trace":"…","cause":"…","corr":"…","fields":{…},"sealed":["owner_id",{…},"…"]}

`at` (µs since 1970) comes first and is put in last, by the committing thread, under the log's lock. `sealed` holds the
name of the field with the member whose key it is, what stands for the fields once that key is gone, and the encrypted
fields (base64), bound to stream, event name and event id. So a stored fact explains itself: neither a retired class
nor a moved field is needed to tell what is erased in it.
"""

import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from commands.ports import Context
from domain.events import EVENT_TYPES, Event, event_type
from domain.positions import Position
from domain.recorded import Recorded, Unreadable
from domain.wire import ERASED, UnknownEvent, Wire, erased, from_wire, to_wire
from infra.eventstore.sealing import seal, unseal
from streams.ports import Stored

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_AT: Final = b'{"at":%d,'
STAMPED: Final = 32
"""So many first bytes of a stored fact are enough for `recorded_at`."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An event encoded but for when it was recorded."""

    stream: str
    version: int
    event: Event
    name: str
    event_id: str
    body: bytes


def microseconds(at: datetime) -> int:
    """Since 1970, in UTC."""
    return (at - _EPOCH) // _MICROSECOND


def moment(at: int) -> datetime:
    """The time that lies so many microseconds after 1970."""
    return _EPOCH + at * _MICROSECOND


def new_event_id(at: datetime, draw: Callable[[int], int] = secrets.randbits) -> str:
    """A version 7 UUID (RFC 9562, 5.7) in hexadecimal: ordered by time, never drawn twice."""
    drawn = draw(74)
    return f"{microseconds(at) // 1000 << 80 | 7 << 76 | drawn >> 62 << 64 | 2 << 62 | drawn & (1 << 62) - 1:032x}"


def subject(event: Event) -> str | None:
    """The member whose key seals the event's personal fields; None where it holds nothing personal."""
    known = event_type(event)
    if known.subject is None or not any(getattr(event, field) for field in known.personal):
        return None
    member: str | None = getattr(event, known.subject)
    if not member:
        raise ValueError(f"{known.name} holds personal fields, but no member to seal them for")
    return member


def draft(event: Event, stream: str, version: int, *, event_id: str, context: Context, key: AESGCM | None) -> Draft:
    """Encode an event; `key` is that of its `subject`, if it has one."""
    name, fields = to_wire(event)
    document: dict[str, Any] = {"id": event_id}
    if context.trace_id:
        document["trace"] = context.trace_id
    if context.causation_id:
        document["cause"] = context.causation_id
    if context.correlation_id:
        document["corr"] = context.correlation_id
    document["fields"] = fields
    if key is not None:
        known = EVENT_TYPES[name]
        personal = {field: fields.pop(field) for field in known.personal}
        box = seal(key, orjson.dumps(personal), _bound(stream, name, event_id))
        document["sealed"] = [known.subject, _left(name), b64encode(box).decode()]
    return Draft(stream, version, event, name, event_id, orjson.dumps(document)[1:])


def stamped(body: bytes, at: int) -> bytes:
    """The stored bytes of a draft, recorded at that microsecond."""
    return _AT % at + body


def stamp_of(state: bytes) -> int:
    """When stored bytes were recorded, read off their first `STAMPED` bytes (microseconds since 1970)."""
    return int(state[6 : state.index(b",")])


def recorded(written: Draft, log: int, number: int, at: int, context: Context) -> Recorded:
    """The fact that a draft has become."""
    return Recorded(
        written.event,
        written.stream,
        written.version,
        Position(log, number),
        written.event_id,
        moment(at),
        context.trace_id,
        context.causation_id,
        context.correlation_id,
    )


def members_of(documents: Iterable[dict[str, Any]]) -> set[str]:
    """The members whose keys are needed to decode these in full."""
    return {each["fields"][each["sealed"][0]] for each in documents if "sealed" in each}


def parse(state: bytes) -> dict[str, Any]:
    """The JSON object of stored bytes; raises `ValueError` where they hold none."""
    document = orjson.loads(state)
    if not isinstance(document, dict):
        raise ValueError("stored bytes hold no object")  # noqa: TRY004 - for callers, bytes are bytes
    return document


def decoded(stored: Stored, document: dict[str, Any], keys: Mapping[str, AESGCM]) -> Recorded:
    """The fact behind a parsed stored form; personal fields without a key come as erased."""
    fields: Wire = document["fields"]
    sealed = document.get("sealed")
    if sealed is not None:
        member, left, box = sealed
        key = keys.get(fields[member])
        if key is None:
            left = {**_left(stored.name), **left}  # what an older program kept in clear is erased as well
            fields |= {field: ERASED if value == "" else value for field, value in left.items()}
        else:
            fields |= orjson.loads(unseal(key, b64decode(box), _bound(stored.stream, stored.name, document["id"])))
    return Recorded(
        from_wire(stored.name, fields),
        stored.stream,
        stored.version,
        Position(stored.log, stored.number),
        document["id"],
        moment(document["at"]),
        document.get("trace", ""),
        document.get("cause", ""),
        document.get("corr", ""),
    )


UNREADABLE: Final = (UnknownEvent, ValueError, KeyError, TypeError, AttributeError, IndexError)
"""What decoding raises for bytes or a name that this program doesn't understand."""


def unreadable(stored: Stored, error: Exception) -> Recorded:
    """What stands for a fact that can't be decoded, with as much of its envelope as can."""
    at, document = _EPOCH, dict[str, Any]()
    with suppress(*UNREADABLE, OverflowError):
        at = moment(stamp_of(stored.state))
        document = parse(stored.state)
    event_id, trace, cause, corr = (str(document.get(name, "")) for name in ("id", "trace", "cause", "corr"))
    place = Position(stored.log, stored.number)
    stands = Unreadable(stored.name, error, at)
    return Recorded(stands, stored.stream, stored.version, place, event_id, at, trace, cause, corr)


@lru_cache
def _left(name: str) -> Wire:
    """What is left of an event's personal fields when their key is gone; of names of before there is nothing to say."""
    return erased(EVENT_TYPES[name], {}) if name in EVENT_TYPES else {}


def _bound(stream: str, name: str, event_id: str) -> bytes:
    return f"{stream}\0{name}\0{event_id}".encode()
