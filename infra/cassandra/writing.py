"""Rows on their way into Cassandra: packed, grouped by partition, sent as one-partition batches.

Values are packed here rather than bound by the driver, which takes several times as long for each row and would be
what limits a fan-out.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from struct import Struct
from typing import Any, Final, TypeAlias

from cassandra.query import BatchStatement, BatchType

from infra.cassandra.connecting import Cassandra
from infra.cassandra.months import life
from infra.cassandra.stored import Dated
from infra.cassandra.tables import Clustered, Pack, RowTables, arranged
from projections.rows import Key, Row

ROWS: Final = 100
"""In a batch: more gain nothing."""
BYTES: Final = 24_000
"""In a batch of documents: the servers refuse batches above 50 KiB."""

_number: Final = lru_cache(1 << 12)(Struct(">i").pack)
_length: Final = Struct(">H").pack
_time: Final = lru_cache(1 << 12)(Struct(">q").pack)

Packed: TypeAlias = list[bytes | None]
Partition: TypeAlias = tuple[int, ...]


@dataclass(slots=True)
class _Waiting:
    """Statements for one partition that make no full batch yet, and how many bytes they hold."""

    statements: list[tuple[bytes, Packed]] = field(default_factory=list)
    size: int = 0


class Writer:
    """Packs changes of rows, and sends a batch as soon as it is full; blocking, for worker threads."""

    def __init__(self, cassandra: Cassandra, now: datetime) -> None:
        self._cassandra = cassandra
        self._now = now
        self._pump = cassandra.pump()
        self._waiting: dict[str, defaultdict[Partition, _Waiting]] = {}
        self._ids: dict[str, bytes] = {}

    def change(self, tables: RowTables, key: Key, change: Dated) -> None:
        """Write or end a row in its own table; raises for what no column holds."""
        if change.row is None:
            self._drop(tables.main, key, change.at)
        else:
            self._put(tables.main, key, encoded(tables, change.row), change.at)

    def arrange(self, tables: RowTables, key: Key, change: Dated, past: Iterable[Row]) -> None:
        """Write a row into its orders, and end the places where it stood in the past."""
        for order in tables.orders:
            left = {order.place(row) for row in past}
            if order.fixed:
                left.add(arranged(key, tables.main.fields, order.table.fields))
            if change.row is not None:
                place = order.place(change.row)
                left.discard(place)
                self._put(order.table, place, place, change.at)
            for gone in left:
                self._drop(order.table, gone, change.at)

    def flush(self) -> None:
        """Send everything, and wait until all of it is written."""
        for partitions in self._waiting.values():
            for partition, waiting in partitions.items():
                self._send(partition, waiting)
        self._waiting.clear()
        self._pump.drain()

    def _put(self, table: Clustered, key: Key, values: Sequence[Any], at: int) -> None:
        partition, time = table.partition(key), _time(at)
        written = [*map(_number, partition), *packed(table.row_packs, values), time, time]
        if table.kept is not None:
            seconds = life(partition[1], table.kept, self._now)
            if seconds is None:
                return
            written.append(_number(seconds))
        self._enter(table, partition, table.put, written)

    def _drop(self, table: Clustered, key: Key, at: int) -> None:
        partition = table.partition(key)
        self._enter(table, partition, table.drop, [_time(at), *map(_number, partition), *packed(table.key_packs, key)])

    def _enter(self, table: Clustered, partition: Partition, cql: str, values: Packed) -> None:
        known = self._waiting.get(table.name)
        if known is None:
            known = self._waiting[table.name] = defaultdict(_Waiting)
        statement = self._ids.get(cql)
        if statement is None:
            statement = self._ids[cql] = self._cassandra.prepared(cql).query_id
        waiting = known[partition]
        waiting.statements.append((statement, values))
        waiting.size += sum(map(len, filter(None, values)))
        if len(waiting.statements) == ROWS or waiting.size > BYTES:
            self._send(partition, waiting)
            del known[partition]

    def _send(self, partition: Partition, waiting: _Waiting) -> None:
        self._pump.send(self._batch(partition, waiting.statements))

    def _batch(self, partition: Partition, statements: Sequence[tuple[bytes, Packed]]) -> Any:
        """Every statement carries its own time, so the batch may be sent again."""
        batch = BatchStatement(BatchType.UNLOGGED)
        for statement, values in statements:
            batch._add_statement_and_params(True, statement, values)  # noqa: SLF001 packed already
        batch.keyspace, batch.routing_key, batch.is_idempotent = self._cassandra.keyspace, _routing(partition), True
        return batch


def check(tables: RowTables, key: Key, row: Row | None) -> None:
    """Pack a change for nothing: raises for what no column holds."""
    if None in key:
        raise ValueError(f"{tables.shape.table.name} has no rows with keys like {key}")
    packed(tables.main.key_packs, key)
    if row is not None:
        packed(tables.main.row_packs, encoded(tables, row))


def encoded(tables: RowTables, row: Row) -> Sequence[Any]:
    """The stored values of a row; `ValueError` where a field has none that needs one."""
    values = tables.shape.encode(row)
    if None in values:
        for column, value in zip(tables.shape.columns, values, strict=True):
            if value is None and not column.optional:
                raise ValueError(f"{tables.shape.table.name}.{column.name} is missing")
    return values


def packed(packs: Sequence[Pack], values: Sequence[Any]) -> Packed:
    """Values as they travel."""
    return [None if value is None else pack(value) for pack, value in zip(packs, values, strict=True)]


@lru_cache(1 << 12)
def _routing(partition: Partition) -> bytes:
    """The bytes that tell which servers hold a partition: of several columns, each with its length before it."""
    if len(partition) == 1:
        return _number(partition[0])
    return b"".join(_length(len(each)) + each + b"\0" for each in map(_number, partition))
