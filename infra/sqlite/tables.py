"""The statements of a build's file, worked out from its projection's row classes."""

# ruff: noqa: S608 the names in these statements come from row classes, never from a caller

from dataclasses import dataclass
from functools import cache
from typing import Final

from infra.sqlite.fulltext import index_statements
from infra.sqlite.shapes import Column, Shape, shape_of
from projections.rows import Projection, Tally

OWN_TABLES: Final = (
    "CREATE TABLE _checkpoints (log INTEGER PRIMARY KEY, number INTEGER NOT NULL, recorded_at INTEGER) STRICT",
    (
        "CREATE TABLE _dead_letters (log INTEGER NOT NULL, number INTEGER NOT NULL, stream TEXT NOT NULL,"
        " event_name TEXT NOT NULL, error TEXT NOT NULL, trace TEXT NOT NULL, parked_at INTEGER NOT NULL,"
        " PRIMARY KEY (log, number)) STRICT, WITHOUT ROWID"
    ),
    "CREATE INDEX _dead_letters_by_stream ON _dead_letters (stream)",
)
"""What every build keeps beside its rows: how far it has come in each log, and what it could not apply."""

NO_ZEROS: Final = f"DELETE FROM {shape_of(Tally).table.name} WHERE count = 0"
"""A tally that is back at zero is no row, so that live and rebuilt rows are the same; a partial index finds them."""


@dataclass(frozen=True, slots=True)
class Statements:
    """All that is ever said to one table, as SQL."""

    shape: Shape
    dated: bool
    put: str
    drop: str
    get: str
    count: str

    def listing(self, keys: int) -> str:
        """Rows by the first so many fields of the key, in the order of the key; the last value is the limit, or -1."""
        wanted = [f"{name} = ?" for name in self.shape.table.key[:keys]] + self._standing()
        where = f" WHERE {' AND '.join(wanted)}" if wanted else ""
        return f"{self._select()}{where} ORDER BY {', '.join(self.shape.table.key)} LIMIT ?"

    def after(self, *, first: bool) -> str:
        """Rows in the order of the key, after a key unless it is the `first` page; the last value is the limit."""
        key = ", ".join(self.shape.table.key)
        wanted = [] if first else [f"({key}) > ({_marks(len(self.shape.table.key))})"]
        where = " AND ".join(wanted + self._standing())
        return f"{self._select()}{f' WHERE {where}' if where else ''} ORDER BY {key} LIMIT ?"

    def _select(self) -> str:
        return f"SELECT {self.shape.names} FROM {self.shape.table.name}"

    def _standing(self) -> list[str]:
        return ["NOT _dropped"] if self.dated else []


@cache
def statements(cls: type, *, dated: bool) -> Statements:
    """The statements of a row class; `dated` where each row keeps the time of its last change, even when dropped."""
    shape = shape_of(cls)
    name, key = shape.table.name, shape.table.key
    found = " AND ".join(f"{field} = ?" for field in key)
    rest = [column.name for column in shape.columns if column.name not in key]
    if dated:
        marks = f"({shape.names}, _recorded_at, _dropped) VALUES ({_marks(len(shape.columns) + 2)})"
        taken = ", ".join(f"{field} = excluded.{field}" for field in [*rest, "_recorded_at", "_dropped"])
        later = f"DO UPDATE SET {taken} WHERE excluded._recorded_at > _recorded_at"
        put = drop = f"INSERT INTO {name} {marks} ON CONFLICT ({', '.join(key)}) {later}"
    else:
        put = f"REPLACE INTO {name} ({shape.names}) VALUES ({_marks(len(shape.columns))})"
        drop = f"DELETE FROM {name} WHERE {found}"
    added = "ON CONFLICT DO UPDATE SET count = count + excluded.count"
    return Statements(
        shape=shape,
        dated=dated,
        put=put,
        drop=drop,
        get=f"SELECT {shape.names} FROM {name} WHERE {found}{' AND NOT _dropped' if dated else ''}",
        count=f"INSERT INTO {name} ({shape.names}) VALUES ({_marks(len(shape.columns))}) {added}",
    )


def create_statements(projection: Projection) -> list[str]:
    """What makes the file of a new build."""
    made = list(OWN_TABLES)
    for cls in projection.rows:
        shape = shape_of(cls)
        name = shape.table.name
        made.append(_create(shape, dated=projection.last_writer_wins))
        for number, order in enumerate(shape.table.orders, 1):
            made.append(f"CREATE INDEX {name}_order_{number} ON {name} ({', '.join(order)})")
        made.extend(index_statements(cls))
        if cls is Tally:
            made.append(f"CREATE INDEX {name}_zero ON {name} (subject) WHERE count = 0")
            if projection.ranked:
                made.append(f"CREATE INDEX {name}_ranks ON {name} (subject, count, kind)")
    return made


def _create(shape: Shape, *, dated: bool) -> str:
    """Small rows lie in the tree of their key itself; rows with documents in them would make that tree too deep."""
    lines = [_line(column, required=not dated or column.name in shape.table.key) for column in shape.columns]
    if dated:
        lines += ["_recorded_at INTEGER NOT NULL", "_dropped INTEGER NOT NULL"]
    lines.append(f"PRIMARY KEY ({', '.join(shape.table.key)})")
    options = "STRICT" if any(column.document for column in shape.columns) else "STRICT, WITHOUT ROWID"
    return f"CREATE TABLE {shape.table.name} ({', '.join(lines)}) {options}"


def _line(column: Column, *, required: bool) -> str:
    return f"{column.name} {column.type}{' NOT NULL' if required and not column.optional else ''}"


def _marks(count: int) -> str:
    return ", ".join("?" * count)
