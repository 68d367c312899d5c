"""Archiving: copy what is closed, compare copies with the tables, let payloads go, and bring them back. All blocking."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from infra.eventstore import codec
from infra.eventstore.archive import EVENTS, Archive, DamagedError, Part, is_away, left_behind
from infra.eventstore.records import Records
from streams.ports import Stored

_PAGE: Final = 4_000
_EXCHANGED: Final = 1_000
"""Payloads that one transaction exchanges: no writer waits long."""

Report = Callable[[Part], None]


@dataclass(frozen=True, slots=True)
class Proof:
    """What a comparison of a part with the tables found; `away` payloads lie in the archive alone."""

    part: Part
    away: int
    wrong: str | None


def copy(
    records: Records,
    archive: Archive,
    log: int,
    before: datetime,
    *,
    size: int = EVENTS,
    report: Report = lambda _: None,
) -> int:
    """Copy what a log recorded before a time and no part holds yet; how many events.

    Begun again after a kill, it goes on behind the last part that counts.
    """
    known = archive.parts(log)
    after, copied = known[-1].through if known else 0, 0
    facts = _before(records, log, after, codec.microseconds(before))
    while chunk := list(islice(facts, size)):
        if any(is_away(fact.state) for fact in chunk):
            raise DamagedError(f"log {log} has payloads after {after} that no part of the archive holds")
        part = archive.add(log, after, chunk)
        after, copied = part.through, copied + part.events
        report(part)
    return copied


def prove(records: Records, archive: Archive, part: Part) -> Proof:
    """Compare a part's bytes with its hash, and each of its events with the table's row."""
    away, stored = 0, _rows(records, part)
    try:
        for kept in archive.read(part):
            row = next(stored, None)
            if row is None or row[:5] != kept[:5]:
                return Proof(part, away, f"{part.log}:{kept.number} is another event in the table")
            if is_away(row.state):
                away += 1
                if row.state != left_behind(kept.state):
                    return Proof(part, away, f"{part.log}:{kept.number} was recorded at another time")
            elif bytes(row.state) != kept.state:
                return Proof(part, away, f"{part.log}:{kept.number} has another payload in the table")
    except DamagedError as error:
        return Proof(part, away, str(error))
    more = next(stored, None)
    return Proof(part, away, None if more is None else f"{part.log}:{more.number} is not in the archive")


def release(records: Records, archive: Archive, part: Part) -> int:
    """Let the payloads of a part go, once they are proved to lie in the archive; how many.

    Stream, version, number, name and time stay. Raises `DamagedError` where the copy is not the very same.
    """
    proof = prove(records, archive, part)
    if proof.wrong is not None:
        raise DamagedError(proof.wrong)
    held = ((row.number, left_behind(row.state)) for row in _rows(records, part) if not is_away(row.state))
    return _exchanged(records, part, held)


def restore(records: Records, archive: Archive, part: Part) -> int:
    """Bring the payloads of a part back into the tables; how many."""
    away = {row.number for row in _rows(records, part) if is_away(row.state)}
    held = ((fact.number, fact.state) for fact in archive.read(part) if fact.number in away) if away else iter(())
    return _exchanged(records, part, held)


def recorded_at(records: Records, part: Part) -> datetime:
    """When the last event of a part was recorded."""
    (row,) = records.page(part.log, part.through - 1, 1)
    return codec.moment(codec.stamp_of(row.state))


def _exchanged(records: Records, part: Part, states: Iterator[tuple[int, bytes]]) -> int:
    count = 0
    while chunk := list(islice(states, _EXCHANGED)):
        count += records.exchange(part.log, chunk)
    return count


def _rows(records: Records, part: Part) -> Iterator[Stored]:
    """What the table has of a part's range."""
    for row in _after(records, part.log, part.after):
        if row.number > part.through:
            return
        yield row


def _before(records: Records, log: int, after: int, end: int) -> Iterator[Stored]:
    for row in _after(records, log, after):
        if codec.stamp_of(row.state) >= end:
            return
        yield row


def _after(records: Records, log: int, after: int) -> Iterator[Stored]:
    rows: Sequence[Stored] = records.page(log, after, _PAGE)
    while rows:
        yield from rows
        rows = records.page(log, rows[-1].number, _PAGE)
