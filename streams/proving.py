"""Proof: a live build against a rebuilt one, while both are fed.

Rows are compared while the builds move on, so a row may look different only because one build is a moment ahead. Every
row that does is looked at again, until it is equal, or until no event since the position that both builds had reached
before the look has part in it: only then it counts. So live traffic neither hides a wrong row nor makes a right one
look wrong, however busy it is elsewhere.

Where a build leaves work for others to do (chunks of fan-out), builds are compared once it is done: `settle` does what
has been left so far.
"""

import random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.ids import first_id
from projections.rows import Key, Projection, Row, key_of
from projections.stores import Model, ReadModels
from streams.evidence import behind
from streams.ports import EventLog
from streams.rebuild import catch_up
from streams.verifying import EVERYTHING, Difference, Span, Verdict, difference, positions, side_by_side

SLICES: Final = 1_000
"""A sample takes some of so many slices of the time in which the rows' ids were made."""
PATIENCE_S: Final = 30.0
_AROUND: Final = 50


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A row that looked different, and the key before it."""

    table: type
    key: Key
    before: Key | None


Settle = Callable[[], Awaitable[None]]


async def nothing_left() -> None:
    """For builds that leave no work to others."""


async def prove(
    projection: Projection,
    one: Model,
    other: Model,
    *,
    log: EventLog,
    models: ReadModels,
    spans: Sequence[Span] = EVERYTHING,
    limit: int = 100,
    settle: Settle = nothing_left,
    patience_s: float = PATIENCE_S,
    clock: Callable[[], float] = time.monotonic,
) -> Verdict:
    """Bring both builds level with the log (unless they are paused), and compare their rows.

    At most `limit` differences are kept. `same_positions` is false where some row differed, but was changed by events
    between the looks at both builds for as long as the patience lasted, or where a paused build is behind.
    """
    await level(projection, (one, other), log, models)
    await settle()
    rows = 0
    suspects: list[_Suspect] = []
    for cls in projection.rows:
        async for left, right, before in side_by_side(models, cls, one, other, spans):
            rows += 1
            if left != right:
                suspects.append(_Suspect(cls, key_of(right if left is None else left), before))
    found: list[Difference] = []
    end = clock() + patience_s
    while suspects and len(found) < limit:
        some, suspects = suspects[: limit - len(found)], suspects[limit - len(found) :]
        while some:
            sure, some = await _look(projection, some, one, other, log, models, settle)
            found += sure
            if some and clock() > end:
                return Verdict(rows, tuple(found), same_positions=False)
            await level(projection, (one, other), log, models)
    left, right = await positions(models, one, other)
    apart = left != right and bool({one, other} & await _held(projection, models))
    return Verdict(rows, tuple(found), same_positions=bool(found) or not apart)


def sampled(share: float, since: datetime, until: datetime, *, draw: random.Random) -> tuple[Span, ...]:
    """A share (0 to 1) of the time between two moments, as the rows whose key begins with an id made then.

    What is read is in proportion to the share; neighbouring slices are drawn apart, so that a sample spans the years.
    """
    step = (until - since) / SLICES
    bounds = [first_id(since + step * at) for at in range(SLICES)] + [None]
    chosen = sorted(draw.sample(range(SLICES), max(1, round(share * SLICES))))
    return tuple(Span("" if at == 0 else str(bounds[at]), bounds[at + 1]) for at in chosen)


async def _look(
    projection: Projection,
    suspects: Sequence[_Suspect],
    one: Model,
    other: Model,
    log: EventLog,
    models: ReadModels,
    settle: Settle,
) -> tuple[list[Difference], list[_Suspect]]:
    """The rows that differ for certain, and those that can't be told yet; what is equal is suspected no more."""
    low = least(await positions(models, one, other), log)
    await settle()  # after the positions: what is left now comes of later events
    doubtful: list[tuple[_Suspect, Difference]] = []
    for suspect in suspects:
        rows = [await _row(models, model, suspect) for model in (one, other)]
        if rows[0] != rows[1]:
            doubtful.append((suspect, difference(suspect.table, *rows)))
    told = [row for _, each in doubtful for row in (each.one, each.other) if row is not None]
    moving = {
        (type(each.row), key_of(each.row)) for each in await behind(projection, told, log=log, after=low) if each.count
    }
    sure = [each for _, each in doubtful if (each.table, each.key) not in moving]
    return sure, [suspect for suspect, each in doubtful if (each.table, each.key) in moving]


def least(reached: Iterable[Mapping[int, int]], log: EventLog) -> dict[int, int]:
    """How far all of some builds have come in each log."""
    known = list(reached)
    return {number: min((each.get(number, 0) for each in known), default=0) for number in range(log.logs)}


async def _row(models: ReadModels, model: Model, suspect: _Suspect) -> Row | None:
    after = suspect.before
    while page := await models.rows(model, suspect.table, after=after, limit=_AROUND):
        for row in page:
            if key_of(row) == suspect.key:
                return row
        after = key_of(page[-1])
        if after > suspect.key:
            break
    return None


async def level(projection: Projection, wanted: Iterable[Model], log: EventLog, models: ReadModels) -> None:
    """Bring builds level with the log, but for those that are paused, or that another version of the code feeds."""
    held = await _held(projection, models)
    for model in wanted:
        if model not in held:
            await catch_up(model, projection, log=log, models=models)


async def _held(projection: Projection, models: ReadModels) -> set[Model]:
    return {each.model for each in await models.status() if each.paused or each.code_version != projection.version}
