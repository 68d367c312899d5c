"""The statements on a build's tables, worked out from row classes; a table is `likes_3_likes`, with its orders beside.

An order by other fields than the key is a table of its own, `likes_3_likes_by_1`, clustered by those fields and then
by what the key has besides. Where it holds every field of the row it answers alone; otherwise it leads to the row.
"""

# ruff: noqa: S608 the names in these statements come from row classes, never from a caller

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, cached_property
from operator import attrgetter
from struct import Struct
from typing import Any, Final, TypeAlias

from infra.cassandra.layouts import Layout, layout_of, shard_of
from infra.cassandra.months import month_of_id
from infra.sqlite.shapes import Column, Shape, shape_of
from projections.rows import DIMENSIONS, Key, Row
from projections.stores import Model

Pack: TypeAlias = Callable[[Any], bytes]

_TYPES: Final = {"TEXT": "text", "INTEGER": "bigint", "REAL": "double", "BLOB": "blob"}
_PACKS: Final[Mapping[str, Pack]] = {
    "TEXT": str.encode,
    "INTEGER": Struct(">q").pack,
    "REAL": Struct(">d").pack,
    "BLOB": bytes,
}
"""How values travel (https://github.com/apache/cassandra/blob/trunk/doc/native_protocol_v5.spec, section 6)."""
_VECTOR: Final = f"vector<float, {DIMENSIONS}>"
_SOON: Final = " AND compaction = {'class': 'LeveledCompactionStrategy'} AND memtable_flush_period_in_ms = 3600000"
"""What is written goes to a file within the hour, and there replaces at once what files held before."""
_BY_TIME: Final = (
    " AND compaction = {'class': 'TimeWindowCompactionStrategy', 'compaction_window_unit': 'DAYS',"
    " 'compaction_window_size': '31'}"
)
"""Files hold what was written in one month, and go as a whole when all of it has ended."""
SHARD: Final = '"_shard"'
MONTH: Final = '"_month"'
WRITTEN: Final = '"_recorded_at"'


@dataclass(frozen=True)
class Clustered:
    """One table: the fields that it is clustered by, and the columns that it holds; in partitions by shard or, where
    rows end some time after their month, by shard and month.
    """

    name: str
    shards: int
    fields: tuple[str, ...]
    columns: tuple[Column, ...]
    layout: Layout

    @property
    def vector(self) -> str:
        """The field by which the nearest rows are found, if any."""
        return self.layout.vector if self.layout.vector in self.packs else ""

    @cached_property
    def kept(self) -> timedelta | None:
        """How long rows are kept after their month; None for ever."""
        return self.layout.kept

    @cached_property
    def parted(self) -> tuple[str, ...]:
        """The columns that tell partitions apart."""
        return (SHARD,) if self.kept is None else (SHARD, MONTH)

    def partition(self, key: Key) -> tuple[int, ...]:
        """Where rows lie whose keys begin so: the shard is told by the first field, the month by the second."""
        shard = self.shard(key[0])
        return (shard,) if self.kept is None else (shard, month_of_id(key[1]))

    def shard(self, first: object) -> int:
        """The shard of rows whose keys begin with this field."""
        return shard_of(first, self.shards)

    @cached_property
    def packs(self) -> Mapping[str, Pack]:
        """How the values of each column travel."""
        return {column.name: _PACKS[column.type] for column in self.columns}

    @cached_property
    def row_packs(self) -> tuple[Pack, ...]:
        """The same in the order of the columns."""
        return tuple(self.packs.values())

    @cached_property
    def key_packs(self) -> tuple[Pack, ...]:
        """The same in the order of the fields."""
        return tuple(self.packs[field] for field in self.fields)

    @cached_property
    def create(self) -> str:
        """What makes the table."""
        columns = ", ".join(
            f'"{column.name}" {_VECTOR if column.name == self.vector else _TYPES[column.type]}'
            for column in self.columns
        )
        key = ", ".join(_quoted(self.fields))
        parted = ", ".join(f"{name} int" for name in self.parted)
        files = _SOON if self.layout.worded else _BY_TIME if self.kept is not None else ""
        return (
            f"CREATE TABLE IF NOT EXISTS {self.name} ({parted}, {columns}, {WRITTEN} bigint,"
            f" PRIMARY KEY (({', '.join(self.parted)}), {key})) WITH gc_grace_seconds = {self.layout.grace_s}{files}"
        )

    @cached_property
    def index(self) -> str:
        """What makes the index of its vectors, if it has any."""
        named = f"CREATE CUSTOM INDEX IF NOT EXISTS {self.name}_ann ON {self.name}"
        index = "USING 'StorageAttachedIndex' WITH OPTIONS = {'similarity_function': 'cosine'}"
        return f'{named} ("{self.vector}") {index}' if self.vector else ""

    @cached_property
    def nearest(self) -> str:
        """The keys of the rows with the nearest vectors and how near they are; values are the vector twice, and the limit."""
        names = ", ".join(_quoted(self.fields))
        return (
            f'SELECT {names}, similarity_cosine("{self.vector}", ?) FROM {self.name}'
            f' ORDER BY "{self.vector}" ANN OF ? LIMIT ?'
        )

    @cached_property
    def put(self) -> str:
        """Writes every cell; values are the partition, the columns', the time twice, and how long it lives if it ends."""
        names = (*self.parted, *(f'"{column.name}"' for column in self.columns), WRITTEN)
        life = "" if self.kept is None else " AND TTL ?"
        marks = ", ".join("?" * len(names))
        return f"INSERT INTO {self.name} ({', '.join(names)}) VALUES ({marks}) USING TIMESTAMP ?{life}"

    @cached_property
    def drop(self) -> str:
        """Ends a row; values are the time, the partition and the key."""
        return f"DELETE FROM {self.name} USING TIMESTAMP ? WHERE {self._equal(len(self.fields))}"

    @cached_property
    def some(self) -> str:
        """Rows of one partition by their keys; values are the partition and a list of keys (bare ones if of one field)."""
        names = ", ".join(_quoted(self.fields))
        return f"{self._select()} WHERE {self._equal(0)} AND {f'({names})' if len(self.fields) > 1 else names} IN ?"

    @cached_property
    def count(self) -> str:
        """The number of one owner's rows; values are the shard and the owner."""
        return f"SELECT count(*) FROM {self.name} WHERE {self._equal(1)}"

    @cached_property
    def tally(self) -> str:
        """The number of one owner's rows by the second field of the key; values are the shard and the owner."""
        owner, of = _quoted(self.fields[:2])
        return f"SELECT {of}, count(*) FROM {self.name} WHERE {self._equal(1)} GROUP BY {owner}, {of}"

    def slice(self, given: int, bound: int, *, backwards: bool, limit: bool = True) -> str:
        """Rows by the first `given` fields, past a bound of so many further fields, in either direction."""
        where = self._equal(given)
        if bound:
            names = ", ".join(_quoted(self.fields[given : given + bound]))
            where += f" AND ({names}) {'<' if backwards else '>'} ({', '.join('?' * bound)})"
        order = ", ".join(f"{name} {'DESC' if backwards else 'ASC'}" for name in _quoted(self.fields))
        return f"{self._select()} WHERE {where} ORDER BY {order}{' LIMIT ?' if limit else ''}"

    def spans(self, *, bounded: bool) -> str:
        """Rows of several owners by the second field of the key, from a value on, and below another if `bounded`."""
        first, second = _quoted(self.fields[:2])
        below = f" AND {second} < ?" if bounded else ""
        return f"{self._select()} WHERE {self._equal(0)} AND {first} IN ? AND {second} >= ?{below}"

    def scan(self, *, first: bool) -> str:
        """The first rows of each of several partitions, after a key unless it is the `first` page."""
        key = ", ".join(_quoted(self.fields))
        after = "" if first else f" AND ({key}) > ({', '.join('?' * len(self.fields))})"
        several = " AND ".join(f"{name} IN ?" for name in self.parted)
        return f"{self._select(*self.parted)} WHERE {several}{after} PER PARTITION LIMIT ?"

    def _select(self, *more: str) -> str:
        names = (*(f'"{column.name}"' for column in self.columns), WRITTEN, *more)
        return f"SELECT {', '.join(names)} FROM {self.name}"

    def _equal(self, given: int) -> str:
        return " AND ".join(f"{name} = ?" for name in (*self.parted, *_quoted(self.fields[:given])))


@dataclass(frozen=True)
class Order:
    """A further order of a table.

    `fixed`: the key alone says where a row stands in it. `whole`: it holds every field of the row, so it can answer
    without the row's own table. `place` gives a row's values in it, which are its fields and its columns at once.
    """

    table: Clustered
    fixed: bool
    whole: bool
    place: Callable[[Row], Key]


@dataclass(frozen=True)
class RowTables:
    """Where the rows of one class lie in one build."""

    shape: Shape
    layout: Layout
    main: Clustered
    orders: tuple[Order, ...]

    @cached_property
    def wandering(self) -> bool:
        """Whether a row's place in some order depends on more than its key."""
        return not all(order.fixed for order in self.orders)

    @property
    def all(self) -> tuple[Clustered, ...]:
        """Every table."""
        return (self.main, *(order.table for order in self.orders))


@cache
def tables_of(model: Model, cls: type, shards: int) -> RowTables:
    """The tables of a row class in a build with so many shards."""
    shape, layout = shape_of(cls), layout_of(cls)
    key, known = shape.table.key, {column.name: column for column in shape.columns}
    name, count = prefix_of(model) + _plain(shape.table.name), min(shards, layout.most_shards)
    orders = []
    for number, fields in enumerate(shape.table.orders, 1):
        places = (*fields, *(field for field in key if field not in fields))
        columns = tuple(known[field] for field in places)
        table = Clustered(f"{name}_by_{number}", count, places, columns, layout)
        orders.append(Order(table, set(fields) <= set(key), len(places) == len(known), _placer(columns)))
    return RowTables(shape, layout, Clustered(name, count, key, shape.columns, layout), tuple(orders))


def prefix_of(model: Model) -> str:
    """What the names of a build's tables begin with."""
    return f"{_plain(model.projection)}_{model.build}_"


def arranged(values: Key, have: tuple[str, ...], want: tuple[str, ...]) -> Key:
    """The values of some fields, picked out of those of others."""
    known = dict(zip(have, values, strict=True))
    return tuple(known[name] for name in want)


def _placer(columns: tuple[Column, ...]) -> Callable[[Row], Key]:
    parts = tuple((attrgetter(column.name), column.encode) for column in columns)

    def place(row: Row) -> Key:
        return tuple(get(row) if encode is None else encode(get(row)) for get, encode in parts)

    return place


def _quoted(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f'"{name}"' for name in names)


def _plain(name: str) -> str:
    """What Cassandra takes for the name of a table."""
    return re.sub(r"\W", "_", name).lower()
