"""Verify: two builds of a read model, compared row by row at the same positions."""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from projections.rows import Key, Projection, Row, key_of, table_of
from projections.stores import Model, OutOfReachError, ReadModels

PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Span:
    """The rows whose key begins at or after `start` and before `end`; with neither, all."""

    start: str = ""
    end: str | None = None


EVERYTHING: Final = (Span(),)


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that two builds do not agree on; None where a build has none under that key."""

    table: type
    key: Key
    one: Row | None
    other: Row | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a comparison found; it only counts where both builds stood at the same positions all the while."""

    rows: int
    differences: tuple[Difference, ...]
    same_positions: bool

    @property
    def equal(self) -> bool:
        """Whether the builds say the same."""
        return self.same_positions and not self.differences


async def verify(projection: Projection, one: Model, other: Model, *, models: ReadModels, limit: int = 100) -> Verdict:
    """Compare all rows of two builds that stand still; at most `limit` differences are kept."""
    before = await positions(models, one, other)
    rows = 0
    differences: list[Difference] = []
    for cls in projection.rows:
        async for left, right, _ in side_by_side(models, cls, one, other):
            rows += 1
            if left != right and len(differences) < limit:
                differences.append(difference(cls, left, right))
    same = len({tuple(sorted(each.items())) for each in before}) == 1
    return Verdict(rows, tuple(differences), same and before == await positions(models, one, other))


def difference(cls: type, left: Row | None, right: Row | None) -> Difference:
    """What two builds say under the same key."""
    return Difference(cls, key_of(left if left is not None else right), left, right)


async def dump(projection: Projection, model: Model, *, models: ReadModels) -> list[Row]:
    """Every row of a build, table by table, in the order of the keys."""
    return [row for cls in projection.rows async for row in rows_of(models, model, cls)]


async def rows_of(
    models: ReadModels, model: Model, cls: type, spans: Iterable[Span] = EVERYTHING
) -> AsyncIterator[Row]:
    """The rows of a table in these spans, in the order of the keys; spans must not overlap."""
    for span in spans:
        after: Key | None = (span.start, *("" for _ in table_of(cls).key[1:])) if span.start else None
        while page := await models.rows(model, cls, after=after, limit=PAGE):
            for row in page:
                if span.end is not None and key_of(row)[0] >= span.end:
                    break
                yield row
            else:
                after = key_of(page[-1])
                continue
            break


async def side_by_side(
    models: ReadModels, cls: type, one: Model, other: Model, spans: Iterable[Span] = EVERYTHING
) -> AsyncIterator[tuple[Row | None, Row | None, Key | None]]:
    """Both builds' rows under each key, in the order of the keys, and the key before it."""
    lefts, rights = rows_of(models, one, cls, spans), rows_of(models, other, cls, spans)
    left, right = await anext(lefts, None), await anext(rights, None)
    before: Key | None = None
    while left is not None or right is not None:
        if right is None or (left is not None and key_of(left) < key_of(right)):
            yield left, None, before
            before, left = key_of(left), await anext(lefts, None)
        elif left is None or key_of(right) < key_of(left):
            yield None, right, before
            before, right = key_of(right), await anext(rights, None)
        else:
            yield left, right, before
            before, left, right = key_of(left), await anext(lefts, None), await anext(rights, None)


async def positions(models: ReadModels, *wanted: Model) -> list[Mapping[int, int]]:
    """How far each of these builds has come, logs that it has not begun left out."""
    standing = {status.model: status for status in await models.status()}
    for model in wanted:
        if not standing[model].reachable:
            raise OutOfReachError(model.projection)
    return [{log: number for log, number in standing[model].checkpoints.items() if number} for model in wanted]
