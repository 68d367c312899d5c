"""Group commit: many callers' appends in one transaction, each of them whole or refused.

Under the logs' locks it is known how every stream stands, so who conflicts is known before anything is inserted: the
others are written without them, in the order in which they came.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from eventsourcing.persistence import PersistenceError, StoredEvent

from commands.errors import Conflict, Unavailable
from commands.ports import Now
from infra.eventstore.codec import Draft, microseconds, parse, stamp_of, stamped
from infra.eventstore.records import Moved, Place, Records, Standing, Writing

ATTEMPTS: Final = 2
MOVES: Final = 3
"""So often a log may move away from under one append."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one stream is to receive; without drafts it only has to stand where it is expected."""

    stream: str
    expected: int
    drafts: Sequence[Draft]


@dataclass(frozen=True, slots=True)
class Append:
    """What one caller wants written: all of it or nothing."""

    log: int
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Committed:
    """The numbers and times (microseconds since 1970) of a caller's events, in order."""

    numbers: Sequence[int]
    stamps: Sequence[int]


Outcome = Committed | Exception


def commit(
    records: Records, now: Now, appends: Sequence[Append], *, unsettled: bool = False, moves: int = MOVES
) -> list[Outcome]:
    """Write everything that can be written; what became of each.

    When the database fails, it may have committed all the same: the second attempt tells by the event ids, as does the
    first where it was `unsettled` before. What has moved meanwhile is written log by log, wherever it lies now.
    """
    failure: PersistenceError | None = None
    for attempt in range(ATTEMPTS):
        try:
            outcomes = _commit(records, now, appends)
            return _settled(records, appends, outcomes) if unsettled or attempt else outcomes
        except Moved as error:
            if moves:
                return _log_by_log(records, now, appends, unsettled or attempt > 0, moves - 1)
            failure = error
        except PersistenceError as error:
            failure = error
    return [Unavailable(f"the event store can't be reached: {failure}") for _ in appends]


def _log_by_log(records: Records, now: Now, appends: Sequence[Append], unsettled: bool, moves: int) -> list[Outcome]:
    by_log: dict[int, list[Append]] = {}
    for append in appends:
        by_log.setdefault(append.log, []).append(append)
    outcomes = {
        log: iter(commit(records, now, group, unsettled=unsettled, moves=moves)) for log, group in by_log.items()
    }
    return [next(outcomes[append.log]) for append in appends]


def _commit(records: Records, now: Now, appends: Sequence[Append]) -> list[Outcome]:
    places = _places(appends)
    with records.writing(places) as writing:
        standing = writing.standing(places)
        reached: dict[str, int] = {}
        admitted = [append for append in appends if _admit(append, standing[append.log].taken, reached)]
        written = iter(_insert(writing, standing, admitted, microseconds(now())))
    chosen = {id(append) for append in admitted}
    return [next(written) if id(append) in chosen else Conflict("another writer was faster") for append in appends]


def _places(appends: Sequence[Append]) -> dict[int, set[Place]]:
    """For every stream, the place that has to hold its last event, and the one that has to be free."""
    places: dict[int, set[Place]] = {}
    for append in appends:
        asked = places.setdefault(append.log, set())
        for part in append.parts:
            asked.add((part.stream, part.expected + 1))
            if part.expected:
                asked.add((part.stream, part.expected))
    return places


def _admit(append: Append, taken: AbstractSet[Place], reached: dict[str, int]) -> bool:
    """Whether every stream stands as expected, with what this group has admitted before; if so, it is admitted."""
    after: dict[str, int] = {}
    for part in append.parts:
        stream, expected = part.stream, part.expected
        stands = after.get(stream, reached.get(stream))
        if stands is not None:
            if stands != expected:
                return False
        elif (stream, expected + 1) in taken or (expected and (stream, expected) not in taken):
            return False
        after[stream] = expected + len(part.drafts)
    reached |= after
    return True


def _insert(
    writing: Writing, standing: Mapping[int, Standing], admitted: Sequence[Append], clock: int
) -> list[Committed]:
    """Stamp each log's events from its last one on, and insert them."""
    rows: dict[int, list[StoredEvent]] = {}
    stamps: list[range] = []
    following = {
        log: max(clock, stamp_of(stands.last) + 1) if stands.last else clock for log, stands in standing.items()
    }
    for append in admitted:
        mine = rows.setdefault(append.log, [])
        at = first = following[append.log]
        for part in append.parts:
            for draft in part.drafts:
                mine.append(StoredEvent(draft.stream, draft.version, draft.name, stamped(draft.body, at)))
                at += 1
        following[append.log] = at
        stamps.append(range(first, at))
    given = {log: iter(numbers) for log, numbers in writing.insert(rows).items()}
    return [
        Committed([next(given[append.log]) for _ in times], times)
        for append, times in zip(admitted, stamps, strict=True)
    ]


def _settled(records: Records, appends: Sequence[Append], outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The outcomes, where what looked like another writer's success is told from our own."""
    return [
        (_own(records, append) or outcome) if isinstance(outcome, Conflict) else outcome
        for append, outcome in zip(appends, outcomes, strict=True)
    ]


def _own(records: Records, append: Append) -> Committed | None:
    """What an append has become if it is in the store already, told by its event ids."""
    drafts = [draft for part in append.parts for draft in part.drafts]
    found = {
        (stored.stream, stored.version): stored
        for stored in records.streams({append.log: {part.stream for part in append.parts}})
    }
    stored = [found.get((draft.stream, draft.version)) for draft in drafts]
    ours = [
        each for each, draft in zip(stored, drafts, strict=True) if each and parse(each.state)["id"] == draft.event_id
    ]
    if not drafts or len(ours) < len(drafts):
        return None
    return Committed([each.number for each in ours], [stamp_of(each.state) for each in ours])
