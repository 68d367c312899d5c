"""Packing: consecutive facts of one log as one Kafka message, because a stream processor's cost is per message.

A parcel says which log it is of, its first and last number, and the number before its first, so that whoever takes it
sees at once whether anything is missing between the last one and this. Facts stay in their stored form: personal
fields travel encrypted. The layout is columns of numbers and then all texts in a row, which unpacks in a few calls.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from domain.wire import chosen
from streams.ports import Stored

MOST_FACTS: Final = 100
MOST_BYTES: Final = 256 * 1024
"""A parcel ends before it grows past this; a fact that is larger by itself travels alone."""

_FORMAT: Final = 1
_HEAD: Final = struct.Struct(">BHHQQQ")
_PER_FACT: Final = struct.calcsize(">QIHHI")


class Parcel(NamedTuple):
    """What a message says of itself, and its bytes: everything of `log` after `previous`, up to `last`."""

    log: int
    previous: int
    first: int
    last: int
    facts: int
    body: bytes


def pack(log: int, previous: int, facts: Sequence[Stored]) -> Iterator[Parcel]:
    """Consecutive facts of a log as parcels, in order; `previous` is the number of the one before them (0: none)."""
    begin = size = 0
    for at, fact in enumerate(facts):
        weight = _PER_FACT + len(fact.stream) + len(fact.name) + len(fact.state)
        if at > begin and (at - begin == MOST_FACTS or size + weight > MOST_BYTES):
            yield _parcel(log, previous, facts[begin:at])
            previous, begin, size = facts[at - 1].number, at, 0
        size += weight
    if facts:
        yield _parcel(log, previous, facts[begin:])


def opened(body: bytes) -> Parcel:
    """What a message says of itself, without unpacking its facts; raises `ValueError` for bytes that are no parcel."""
    try:
        form, log, count, previous, first, last = _HEAD.unpack_from(body)
    except struct.error as error:
        raise ValueError("too short for a parcel") from error
    if form != _FORMAT:
        raise ValueError(f"no parcel of a known format: {form}")
    return Parcel(log, previous, first, last, count, body)


def unpack(parcel: Parcel, *, after: int = 0, wanted: frozenset[str] | None = None) -> list[Stored]:
    """The facts of a parcel after a number, of the wanted names (None: all), in order.

    Raises `ValueError` where its bytes don't fit.
    """
    count, body, log = parcel.facts, parcel.body, parcel.log
    columns = struct.Struct(f">{count}Q{count}I{count}H{count}H{count}I")
    try:
        values = columns.unpack_from(body, _HEAD.size)
    except struct.error as error:
        raise ValueError(f"parcel of log {log} after {parcel.previous} is cut short") from error
    numbers, versions, streams, names, states = (values[at * count : (at + 1) * count] for at in range(5))
    at = _HEAD.size + columns.size
    if at + sum(streams) + sum(names) + sum(states) != len(body):
        raise ValueError(f"parcel of log {log} after {parcel.previous} has the wrong length")
    facts, taken = [], chosen(wanted or frozenset())
    for number, version, stream, name, state in zip(numbers, versions, streams, names, states, strict=True):
        middle, end = at + stream, at + stream + name + state
        called = body[middle : middle + name].decode()
        if number > after and (wanted is None or taken[called]):
            facts.append(Stored(log, number, body[at:middle].decode(), version, called, body[middle + name : end]))
        at = end
    return facts


def _parcel(log: int, previous: int, facts: Sequence[Stored]) -> Parcel:
    texts = [(fact.stream.encode(), fact.name.encode(), bytes(fact.state)) for fact in facts]
    count, first, last = len(facts), facts[0].number, facts[-1].number
    columns = struct.pack(
        f">{count}Q{count}I{count}H{count}H{count}I",
        *(fact.number for fact in facts),
        *(fact.version for fact in facts),
        *(len(stream) for stream, _, _ in texts),
        *(len(name) for _, name, _ in texts),
        *(len(state) for _, _, state in texts),
    )
    head = _HEAD.pack(_FORMAT, log, count, previous, first, last)
    return Parcel(
        log, previous, first, last, count, b"".join((head, columns, *(part for three in texts for part in three)))
    )
