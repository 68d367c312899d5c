"""Rows as they lie in Cassandra, each with the time it was written, read in bulk by a worker thread."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from infra.cassandra.connecting import Cassandra, unpaged
from infra.cassandra.tables import Clustered, RowTables
from projections.rows import Key, Row

_AT_ONCE = 100


class Dated(NamedTuple):
    """A row and when its last change was recorded, in microseconds."""

    row: Row
    at: int


class Listed(NamedTuple):
    """A list of rows: how their keys begin, and how many at most (None: all)."""

    prefix: Key
    limit: int | None


def rows_by_key(cassandra: Cassandra, tables: RowTables, keys: Iterable[Key]) -> Mapping[Key, Dated]:
    """The rows that there are under these keys; a query for each partition of them."""
    found: list[tuple[Any, ...]] = []
    pump, statement = cassandra.pump(), cassandra.prepared(tables.main.some)
    for partition, some in by_partition(tables.main, keys):
        pump.send(unpaged(statement.bind((*partition, some))), found.extend)
    pump.drain()
    dated = (Dated(tables.shape.decode(values[:-1]), values[-1]) for values in found)
    return {tables.shape.key(each.row): each for each in dated}


def rows_by_prefix(cassandra: Cassandra, tables: RowTables, wished: Iterable[Listed]) -> dict[Listed, list[Dated]]:
    """All rows whose keys begin so, in the order of the key; with a limit, no more than that many; several at a time."""
    alike: defaultdict[tuple[int, bool], list[Listed]] = defaultdict(list)
    for each in wished:
        if not each.prefix:
            raise ValueError("rows of all owners are too many to look at")
        alike[len(each.prefix), each.limit is not None].append(each)
    found = {}
    for (given, limited), some in alike.items():
        cql = tables.main.slice(given, 0, backwards=False, limit=limited)
        asked = (tables.main.partition(each.prefix) + each.prefix + ((each.limit,) if limited else ()) for each in some)
        for each, rows in zip(some, cassandra.ask_each(cql, asked), strict=True):
            found[each] = [Dated(tables.shape.decode(values[:-1]), values[-1]) for values in rows]
    return found


def by_partition(table: Clustered, keys: Iterable[Key]) -> Iterable[tuple[tuple[int, ...], list[Any]]]:
    """Keys grouped for `some`, so many at once as an answer should hold."""
    grouped: defaultdict[tuple[int, ...], list[Any]] = defaultdict(list)
    for key in set(keys):
        grouped[table.partition(key)].append(key if len(key) > 1 else key[0])
    for partition, of_it in grouped.items():
        for start in range(0, len(of_it), _AT_ONCE):
            yield partition, of_it[start : start + _AT_ONCE]
