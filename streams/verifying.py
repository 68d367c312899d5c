"""Verify: two builds of a read model, compared row by row at the same positions."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final

from projections.rows import Key, Projection, Row, key_of
from projections.stores import Model, ReadModels

PAGE: Final = 1_000


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
    """Compare all rows of two builds; at most `limit` differences are kept."""
    before = await _positions(models, one, other)
    rows = 0
    differences: list[Difference] = []
    for cls in projection.rows:
        async for left, right in _side_by_side(models, cls, one, other):
            rows += 1
            if left != right and len(differences) < limit:
                found = left if left is not None else right
                differences.append(Difference(cls, key_of(found), left, right))
    same = len({tuple(sorted(positions.items())) for positions in before}) == 1
    return Verdict(rows, tuple(differences), same and before == await _positions(models, one, other))


async def dump(projection: Projection, model: Model, *, models: ReadModels) -> list[Row]:
    """Every row of a build, table by table, in the order of the keys."""
    return [row for cls in projection.rows async for row in _rows(models, model, cls)]


async def _rows(models: ReadModels, model: Model, cls: type) -> AsyncIterator[Row]:
    after: Key | None = None
    while page := await models.rows(model, cls, after=after, limit=PAGE):
        for row in page:
            yield row
        after = key_of(page[-1])


async def _side_by_side(
    models: ReadModels, cls: type, one: Model, other: Model
) -> AsyncIterator[tuple[Row | None, Row | None]]:
    """Both builds' rows under each key, in the order of the keys."""
    lefts, rights = _rows(models, one, cls), _rows(models, other, cls)
    left, right = await anext(lefts, None), await anext(rights, None)
    while left is not None or right is not None:
        if right is None or (left is not None and key_of(left) < key_of(right)):
            yield left, None
            left = await anext(lefts, None)
        elif left is None or key_of(right) < key_of(left):
            yield None, right
            right = await anext(rights, None)
        else:
            yield left, right
            left, right = await anext(lefts, None), await anext(rights, None)


async def _positions(models: ReadModels, *wanted: Model) -> list[Mapping[int, int]]:
    standing = {status.model: status.checkpoints for status in await models.status()}
    return [{log: number for log, number in standing[model].items() if number} for model in wanted]
