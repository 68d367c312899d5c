"""Proof: a live build against a rebuilt one, while both are fed.

Rows are compared while the builds move on, so a row may look different only because one build is a moment ahead. Every
row that does is looked at again until both builds stand at the same positions before and after the look: only then it
counts. So live traffic neither hides a wrong row nor makes a right one look wrong.
"""

import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.ids import first_id
from projections.rows import Key, Projection, Row, key_of
from projections.stores import Model, ReadModels
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


async def prove(
    projection: Projection,
    one: Model,
    other: Model,
    *,
    log: EventLog,
    models: ReadModels,
    spans: Sequence[Span] = EVERYTHING,
    limit: int = 100,
    patience_s: float = PATIENCE_S,
    clock: Callable[[], float] = time.monotonic,
) -> Verdict:
    """Bring both builds level with the log (unless they are paused), and compare their rows.

    At most `limit` differences are kept. `same_positions` is false where some row differed, but the builds were not
    seen at the same positions for as long as the patience lasted.
    """
    await level(projection, (one, other), log, models)
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
        while True:
            differences, settled = await _look(some, one, other, models)
            if settled:
                break
            if clock() > end:
                return Verdict(rows, (*found, *differences), same_positions=False)
            await level(projection, (one, other), log, models)
        found += differences
    left, right = await positions(models, one, other)
    apart = left != right and await _held(models, one, other)
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
    suspects: Iterable[_Suspect], one: Model, other: Model, models: ReadModels
) -> tuple[list[Difference], bool]:
    """What differs now, and whether both builds stood still at the same positions meanwhile."""
    left, right = await positions(models, one, other)
    found = []
    for suspect in suspects:
        rows = [await _row(models, model, suspect) for model in (one, other)]
        if rows[0] != rows[1]:
            found.append(difference(suspect.table, *rows))
    return found, left == right and [left, right] == await positions(models, one, other)


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
    """Bring builds level with the log, but for those that are paused."""
    held = {status.model for status in await models.status() if status.paused}
    for model in wanted:
        if model not in held:
            await catch_up(model, projection, log=log, models=models)


async def _held(models: ReadModels, *wanted: Model) -> bool:
    return any(status.paused for status in await models.status() if status.model in wanted)
