"""Reading one build: rows by their keys, slices of one owner's rows, and pages of everything in the order of the key."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar, cast

from infra.cassandra.connecting import Cassandra
from infra.cassandra.copies import Copy
from infra.cassandra.months import living, month_of_id
from infra.cassandra.stored import by_partition
from infra.cassandra.tables import Clustered, RowTables, arranged, tables_of
from infra.sqlite.shapes import micros
from projections.ports import Since
from projections.rows import Key
from projections.stores import Model

R = TypeVar("R")

_SHARDS_AT_ONCE: Final = 64


class Reader:
    """One build's rows, for the length of one read."""

    def __init__(
        self,
        cassandra: Cassandra,
        model: Model,
        shards: int,
        now: Callable[[], datetime],
        copy: Copy | None = None,
    ) -> None:
        self._cassandra = cassandra
        self._model = model
        self._shards = shards
        self._now = now
        self._copy = copy if copy is not None and copy.holds(model) else None

    async def some(self, cls: type[R], keys: Iterable[Key]) -> list[R]:
        """The rows that there are under these keys, in any order; copies of them where there are such."""
        if self._copy is None:
            return await self._stored(cls, keys)
        return await self._copy.some(self._model, cls, keys, lambda missing: self._stored(cls, missing))

    async def _stored(self, cls: type[R], keys: Iterable[Key]) -> list[R]:
        """The same from the table: a query for each partition of the keys."""
        tables = self._tables(cls)
        asked = by_partition(tables.main, keys)
        cql = tables.main.some
        found = await asyncio.gather(*(self._cassandra.fetch(cql, *partition, some) for partition, some in asked))
        return [cast(R, tables.shape.decode(row[:-1])) for rows in found for row in rows]

    async def page(
        self, cls: type[R], owner: str, beyond: Key, *, limit: int, newest: bool, order: int | None = None
    ) -> list[R]:
        """Rows of one owner past a bound (empty: none), in the order of the key or of one of the further orders.

        One slice of one partition, and for an order that doesn't hold whole rows one look more.
        """
        tables = self._tables(cls)
        if order is None:
            rows = await self._slice(tables.main, owner, beyond, limit, newest=newest)
            return [cast(R, tables.shape.decode(row)) for row in rows]
        by = tables.orders[order]
        rows = await self._slice(by.table, owner, beyond, limit, newest=newest)
        if by.whole:
            names = tuple(column.name for column in tables.shape.columns)
            return [cast(R, tables.shape.decode(arranged(row, by.table.fields, names))) for row in rows]
        keys = [arranged(row, by.table.fields, tables.main.fields) for row in rows]
        found = {tables.shape.key(row): row for row in await self.some(cls, keys)}
        return [found[key] for key in keys if key in found]

    async def recent(self, cls: type[R], owner: str, *, below: str | None, down_to: str, limit: int) -> list[R]:
        """Rows of one owner that end by themselves, the newest first: below an id, and down to another.

        The newest month by itself, as it is enough most often; then the others side by side.
        """
        tables = self._tables(cls)
        table = tables.main
        if table.kept is None:
            raise ValueError(f"{table.name} is kept for ever")
        cql, beyond = table.slice(1, len(past(below)), backwards=True), past(below)
        shard = table.shard(owner)
        months = [
            month
            for month in living(table.kept, self._now())
            if (below is None or month <= month_of_id(below)) and (not down_to or month >= month_of_id(down_to))
        ]
        found: list[R] = []
        for some in (months[:1], months[1:]):
            if len(found) < limit:
                asked = (self._cassandra.fetch(cql, shard, month, owner, *beyond, limit) for month in some)
                pages = await asyncio.gather(*asked)
                found += [cast(R, tables.shape.decode(row[:-1])) for page in pages for row in page]
        return found[:limit]

    async def between(self, cls: type[R], owners: Sequence[str], low: str, high: str | None) -> list[R]:
        """The rows of many owners, in any order, whose key goes on with a value from `low` on, and below `high`."""
        tables = self._tables(cls)
        asked: dict[tuple[int, ...], list[str]] = {}
        for owner in owners:
            asked.setdefault(tables.main.partition((owner,)), []).append(owner)
        cql = tables.main.spans(bounded=high is not None)
        bounds = (low,) if high is None else (low, high)
        found = await asyncio.gather(
            *(self._cassandra.fetch(cql, *partition, some, *bounds) for partition, some in asked.items())
        )
        return [cast(R, tables.shape.decode(row[:-1])) for rows in found for row in rows]

    async def under(self, cls: type[R], prefix: Key) -> list[R]:
        """All rows whose keys begin so, in the order of the key: for lists that are short by their nature."""
        tables = self._tables(cls)
        cql = tables.main.slice(len(prefix), 0, backwards=False, limit=False)
        rows = await self._cassandra.fetch(cql, *tables.main.partition(prefix), *prefix)
        return [cast(R, tables.shape.decode(row[:-1])) for row in rows]

    async def nearest(self, cls: type, vector: Sequence[float], limit: int) -> list[tuple[Key, float]]:
        """The keys of the rows with the nearest vectors, and the cosine of the angle between: the servers' own search."""
        found = await self._cassandra.fetch(self._tables(cls).main.nearest, vector, vector, limit)
        return [(tuple(row[:-1]), 2 * row[-1] - 1) for row in found]  # it tells (1 + cos) / 2

    async def count(self, cls: type, owner: str) -> int:
        """How many rows one owner has."""
        table = self._tables(cls).main
        return int((await self._cassandra.fetch(table.count, *table.partition((owner,)), owner))[0][0])

    async def counts(self, cls: type, owner: str) -> dict[str, int]:
        """How many rows one owner has under each value of the second field of the key."""
        table = self._tables(cls).main
        found = await self._cassandra.fetch(table.tally, *table.partition((owner,)), owner)
        return {str(of): count for of, count in found}

    async def all(self, cls: type[R], after: Key | None, limit: int) -> list[R]:
        """Rows of all owners in the order of the key, after a key."""
        tables = self._tables(cls)
        found: list[R] = []
        more = True
        while more and len(found) < limit:
            rows, more = await self._merged(tables, after, limit - len(found))
            found += [cast(R, row) for row in rows]
            after = tables.shape.key(rows[-1]) if rows else after
        return found

    async def _slice(self, table: Clustered, owner: str, beyond: Key, limit: int, *, newest: bool) -> list[Key]:
        cql = table.slice(1, len(beyond), backwards=newest)
        rows = await self._cassandra.fetch(cql, *table.partition((owner,)), owner, *beyond, limit)
        return [row[:-1] for row in rows]

    async def _merged(self, tables: RowTables, after: Key | None, wanted: int) -> tuple[list[Any], bool]:
        """The next rows of all partitions together, and whether there may be more.

        Each partition gives a share. What comes after the last row of one that gave its full share is not sure to be
        next, so it is left for another time.
        """
        table = tables.main
        share = min(wanted, 2 * wanted // table.shards + 4)
        cql = table.scan(first=after is None)
        groups = (
            list(range(start, min(start + _SHARDS_AT_ONCE, table.shards)))
            for start in range(0, table.shards, _SHARDS_AT_ONCE)
        )
        rest = (*([living(table.kept, self._now())] if table.kept else ()), *(after or ()), share)
        answers = await asyncio.gather(*(self._cassandra.fetch(cql, group, *rest) for group in groups))
        given: defaultdict[Key, list[Any]] = defaultdict(list)
        width = len(table.columns)
        for values in (values for answer in answers for values in answer):
            given[values[width + 1 :]].append(tables.shape.decode(values[:width]))
        full = [tables.shape.key(rows[-1]) for rows in given.values() if len(rows) == share]
        rows = sorted((row for rows in given.values() for row in rows), key=tables.shape.key)
        if full:
            rows = [row for row in rows if tables.shape.key(row) <= min(full)]
        return rows[:wanted], bool(full)

    def _tables(self, cls: Any) -> RowTables:
        return tables_of(self._model, cls, self._shards)


def past(last: str | None) -> Key:
    """The bound of a page by id."""
    return () if last is None else (last,)


def since(last: Since | None) -> tuple[Any, ...]:
    """The bound of a page by time."""
    return () if last is None else (micros(last.since), last.member_id)
