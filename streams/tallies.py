"""Counts against their lists: every tally is compared with the rows that it counts, in whatever read model they lie."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

from projections.comments import COMMENTS, CommentRow
from projections.counters import COUNTERS, Kind, photos_kind
from projections.follows import FOLLOWS, FollowerRow, FollowingRow
from projections.likes import LIKES, LikeRow
from projections.rows import Projection, Tally, key_of
from projections.stores import Model, NoLiveModelError, ReadModels, State
from projections.visibility import VISIBILITY, PhotoStateRow
from streams.evidence import behind
from streams.ports import EventLog
from streams.proving import least, level
from streams.verifying import EVERYTHING, Span, positions, rows_of

Counted = tuple[str, str]
"""Whose count it is, and of what."""

PATIENCE_S: Final = 30.0
_FEW: Final = 20
"""So many subjects are looked up one by one."""


@dataclass(frozen=True, slots=True)
class _List:
    """Rows that a tally counts: which one each row counts for, if any."""

    projection: Projection
    row: type
    kinds: frozenset[str]
    counts_for: Callable[[Any], Counted | None]
    by_subject: bool = True
    """Whether the rows' keys begin with whose count it is."""


def _photo(row: PhotoStateRow) -> Counted | None:
    return None if row.removed else (row.owner_id, photos_kind(row.status, row.audience))


_PHOTOS: Final = frozenset({Kind.PHOTOS_PUBLIC, Kind.PHOTOS_FRIENDS, Kind.PHOTOS_PRIVATE, Kind.PHOTOS_UNREADY})
_LISTS: Final = (
    _List(LIKES, LikeRow, frozenset({Kind.LIKES}), lambda row: (row.photo_id, Kind.LIKES)),
    _List(COMMENTS, CommentRow, frozenset({Kind.COMMENTS}), lambda row: (row.photo_id, Kind.COMMENTS)),
    _List(FOLLOWS, FollowerRow, frozenset({Kind.FOLLOWERS}), lambda row: (row.followed_id, Kind.FOLLOWERS)),
    _List(FOLLOWS, FollowingRow, frozenset({Kind.FOLLOWING}), lambda row: (row.follower_id, Kind.FOLLOWING)),
    _List(VISIBILITY, PhotoStateRow, _PHOTOS, _photo, by_subject=False),
)


@dataclass(frozen=True, slots=True)
class Miscount:
    """A tally that does not agree with its list."""

    subject: str
    kind: str
    tally: int
    listed: int


@dataclass(frozen=True, slots=True)
class Counts:
    """What was found: how many tallies were compared, and whether those that differ do so for certain."""

    tallies: int
    miscounts: tuple[Miscount, ...]
    settled: bool


async def count(
    projection: Projection,
    *,
    log: EventLog,
    models: ReadModels,
    patience_s: float = PATIENCE_S,
    clock: Callable[[], float] = time.monotonic,
) -> Counts | None:
    """Compare live tallies with the live lists that they count; None where the projection has part in no count.

    For the counters themselves every list is counted, for a list its own tallies. Under traffic what differs is counted
    again, by itself where it is little, until it agrees, or until no event had part in it meanwhile, or the patience
    ends.
    """
    lists = [each for each in _LISTS if projection in (COUNTERS, each.projection)]
    if not lists:
        return None
    involved = {each.name: each for each in (COUNTERS, *(each.projection for each in lists))}
    end = clock() + patience_s
    sure: dict[Counted, Miscount] = {}
    looked: int | None = None
    suspects: set[Counted] | None = None
    while True:
        live = await _live(models, involved)
        for name, model in live.items():
            await level(involved[name], [model], log, models)
        low = least(await positions(models, *live.values()), log)
        tallies, listed = await _tallies(models, live, lists, suspects), await _listed(models, live, lists, suspects)
        looked = len(tallies) if looked is None else looked
        wrong = {key for key in tallies.keys() | listed.keys() if tallies[key] != listed[key]}
        suspects = wrong if suspects is None else suspects & wrong
        rows = [Tally(*key, tallies[key]) for key in suspects]
        moving = {key_of(each.row) for each in await behind(COUNTERS, rows, log=log, after=low) if each.count}
        told = {key: Miscount(*key, tallies[key], listed[key]) for key in suspects}
        sure |= {key: miscount for key, miscount in told.items() if key not in moving}
        suspects &= moving
        if not suspects or clock() > end:
            found = sure | {key: told[key] for key in suspects}
            return Counts(looked, tuple(found[key] for key in sorted(found)), not suspects)


def _spans(suspects: AbstractSet[Counted] | None, *, by_subject: bool = True) -> Iterable[Span]:
    """Where rows of these counts lie; everywhere, where they are many, or lie anywhere."""
    subjects = sorted({subject for subject, _ in suspects or ()})
    if suspects is None or len(subjects) > _FEW or not by_subject:
        return EVERYTHING
    return [Span(subject, f"{subject}\0") for subject in subjects]


async def _tallies(
    models: ReadModels, live: Mapping[str, Model], lists: Iterable[_List], suspects: AbstractSet[Counted] | None
) -> Counter[Counted]:
    kinds = frozenset[str]().union(*(each.kinds for each in lists))
    rows = rows_of(models, live[COUNTERS.name], Tally, _spans(suspects))
    return Counter({(row.subject, row.kind): row.count async for row in rows if row.kind in kinds})


async def _listed(
    models: ReadModels, live: Mapping[str, Model], lists: Iterable[_List], suspects: AbstractSet[Counted] | None
) -> Counter[Counted]:
    found: Counter[Counted] = Counter()
    for each in lists:
        if suspects is not None and each.kinds.isdisjoint(kind for _, kind in suspects):
            continue
        spans = _spans(suspects, by_subject=each.by_subject)
        async for row in rows_of(models, live[each.projection.name], each.row, spans):
            counted = each.counts_for(row)
            if counted is not None:
                found[counted] += 1
    return found


async def _live(models: ReadModels, names: Iterable[str]) -> dict[str, Model]:
    live = {each.model.projection: each.model for each in await models.status() if each.state is State.LIVE}
    for name in names:
        if name not in live:
            raise NoLiveModelError(name)
    return {name: live[name] for name in names}
