"""Rows on their way into Cassandra: encoded, grouped by partition, sent as one-partition batches."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final

from cassandra.query import BatchStatement, BatchType, BoundStatement

from infra.cassandra.connecting import Cassandra, Pump
from infra.cassandra.stored import Dated
from infra.cassandra.tables import Clustered, RowTables, arranged
from projections.rows import Key, Row

ROWS: Final = 100
"""In a batch: more gain nothing."""
BYTES: Final = 24_000
"""In a batch of documents: the servers refuse batches above 50 KiB."""


class Writer:
    """Binds changes of rows, and sends what was bound; blocking, for worker threads."""

    def __init__(self, cassandra: Cassandra) -> None:
        self._cassandra = cassandra
        self._waiting: dict[str, defaultdict[int, list[BoundStatement]]] = {}

    def change(self, tables: RowTables, key: Key, change: Dated) -> None:
        """Write or end a row in its own table; raises for what no column holds."""
        if change.row is None:
            self._drop(tables.main, key, change.at)
        else:
            self._put(tables.main, key[0], encoded(tables, change.row), change.at)

    def arrange(self, tables: RowTables, key: Key, change: Dated, past: Iterable[Row]) -> None:
        """Write a row into its orders, and end the places where it stood in the past."""
        for order in tables.orders:
            left = {order.place(row) for row in past}
            if order.fixed:
                left.add(arranged(key, tables.main.fields, order.table.fields))
            if change.row is not None:
                place = order.place(change.row)
                left.discard(place)
                self._put(order.table, place[0], place, change.at)
            for gone in left:
                self._drop(order.table, gone, change.at)

    def check(self, tables: RowTables, key: Key, row: Row | None) -> None:
        """Bind a change for nothing: raises for what no column holds."""
        if None in key:
            raise ValueError(f"{tables.shape.table.name} has no rows with keys like {key}")
        if row is None:
            self._cassandra.prepared(tables.main.drop).bind((0, 0, *key))
        else:
            self._cassandra.prepared(tables.main.put).bind((0, *encoded(tables, row), 0, 0))

    def flush(self) -> None:
        """Send everything, and wait until all of it is written."""
        pump = self._cassandra.pump()
        for statements in self._waiting.values():
            for of_shard in statements.values():
                _send(pump, of_shard)
        self._waiting.clear()
        pump.drain()

    def _put(self, table: Clustered, first: Any, values: Any, at: int) -> None:
        shard = table.shard(first)
        bound = self._cassandra.prepared(table.put).bind((shard, *values, at, at))
        self._group(table)[shard].append(bound)

    def _drop(self, table: Clustered, key: Key, at: int) -> None:
        shard = table.shard(key[0])
        self._group(table)[shard].append(self._cassandra.prepared(table.drop).bind((at, shard, *key)))

    def _group(self, table: Clustered) -> defaultdict[int, list[BoundStatement]]:
        known = self._waiting.get(table.name)
        if known is None:
            known = self._waiting[table.name] = defaultdict(list)
        return known


def encoded(tables: RowTables, row: Row) -> Any:
    """The stored values of a row; `ValueError` where a field has none that needs one."""
    values = tables.shape.encode(row)
    if None in values:
        for column, value in zip(tables.shape.columns, values, strict=True):
            if value is None and not column.optional:
                raise ValueError(f"{tables.shape.table.name}.{column.name} is missing")
    return values


def _send(pump: Pump, statements: list[BoundStatement]) -> None:
    for batch in _batches(statements):
        pump.send(batch)


def _batches(statements: list[BoundStatement]) -> Iterator[Any]:
    batch, size = BatchStatement(BatchType.UNLOGGED), 0
    for statement in statements:
        if len(batch) == ROWS or size > BYTES:
            yield _idempotent(batch)
            batch, size = BatchStatement(BatchType.UNLOGGED), 0
        batch.add(statement)
        size += sum(len(value) for value in statement.values if isinstance(value, bytes))
    yield _idempotent(batch)


def _idempotent(batch: Any) -> Any:
    """Every statement carries its own time, so a batch may be sent again."""
    batch.is_idempotent = True
    return batch
