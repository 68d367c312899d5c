"""How rows lie in SQLite: columns and statements worked out from the row classes, once for each class."""

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from operator import attrgetter
from struct import Struct
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import orjson

from projections.rows import DIMENSIONS, Key, Row, Table, Vector, table_of

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST: Final = (1 << 63) - 1
"""A time after all times, as it is stored."""
HIGHEST: Final = chr(0x10FFFF)
"""A text after all ids."""

Values = Sequence[Any]
Convert = Callable[[Any], Any]

_TYPES: Final[Mapping[Any, str]] = {str: "TEXT", int: "INTEGER", bool: "INTEGER", float: "REAL", bytes: "BLOB"}
_DAY: Final = 86_400


def micros(at: datetime) -> int:
    """A time as it is stored: whole microseconds since 1970 in UTC."""
    since = at - EPOCH
    return (since.days * _DAY + since.seconds) * 1_000_000 + since.microseconds


def moment(stored: int) -> datetime:
    """The time behind its stored form."""
    return EPOCH + timedelta(microseconds=stored)


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a row class: its SQL type, and its ways in and out where SQLite doesn't hold the value as it is."""

    name: str
    type: str
    optional: bool
    document: bool
    encode: Convert | None
    decode: Convert | None


@dataclass(frozen=True, slots=True)
class Shape:
    """A row class in SQLite: its table, its columns, and the compiled ways between rows and values."""

    table: Table
    columns: tuple[Column, ...]
    names: str
    values: Callable[[Row], tuple[Any, ...]]
    key: Callable[[Row], Key]
    encoders: tuple[tuple[int, Convert], ...]
    decoders: tuple[tuple[int, Convert], ...]

    def encode(self, row: Row) -> Values:
        """The stored values of a row, in the order of its columns."""
        values = self.values(row)
        if not self.encoders:
            return values
        stored = list(values)
        for at, convert in self.encoders:
            if stored[at] is not None:
                stored[at] = convert(stored[at])
        return stored

    def decode(self, values: Values) -> Any:
        """The row behind stored values."""
        if not self.decoders:
            return self.table.row(*values)
        plain = list(values)
        for at, convert in self.decoders:
            if plain[at] is not None:
                plain[at] = convert(plain[at])
        return self.table.row(*plain)


@cache
def shape_of(cls: type) -> Shape:
    """The shape of a row class."""
    table = table_of(cls)
    hints = get_type_hints(cls)
    columns = tuple(_column(field.name, hints[field.name]) for field in fields(cls))
    return Shape(
        table=table,
        columns=columns,
        names=", ".join(column.name for column in columns),
        values=_tuple_of(tuple(column.name for column in columns)),
        key=_tuple_of(table.key),
        encoders=tuple((at, column.encode) for at, column in enumerate(columns) if column.encode is not None),
        decoders=tuple((at, column.decode) for at, column in enumerate(columns) if column.decode is not None),
    )


def _tuple_of(names: tuple[str, ...]) -> Callable[[Row], tuple[Any, ...]]:
    """`attrgetter` gives a bare value for a single name, so that case is wrapped."""
    get = attrgetter(*names)
    return get if len(names) > 1 else lambda row: (get(row),)


def _column(name: str, hint: Any) -> Column:
    plain, optional = _plain(hint)
    if plain is datetime:
        return Column(name, "INTEGER", optional, document=False, encode=micros, decode=moment)
    if plain is bool:
        return Column(name, "INTEGER", optional, document=False, encode=None, decode=bool)
    if plain is Vector:
        return Column(name, "BLOB", optional, document=False, encode=_floats, decode=_vector)
    if plain in _TYPES:
        return Column(name, _TYPES[plain], optional, document=False, encode=None, decode=None)
    revive = _reviver(plain)
    if revive is None:
        raise TypeError(f"no column holds {name}: {hint}")
    return Column(name, "TEXT", optional, document=True, encode=_text, decode=lambda text: revive(orjson.loads(text)))


_FLOATS: Final = Struct(f">{DIMENSIONS}f")
"""Single precision, most significant byte first: as vectors travel to Cassandra, too."""


def _floats(vector: Vector) -> bytes:
    return _FLOATS.pack(*vector)


def _vector(stored: Any) -> Vector:
    """The vector behind its bytes, or behind the list that a driver has made of them."""
    return Vector(_FLOATS.unpack(stored) if isinstance(stored, bytes) else tuple(stored))


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()


def _plain(hint: Any) -> tuple[Any, bool]:
    """A hint without its `None`, and whether it had one."""
    if get_origin(hint) in (Union, types.UnionType):
        parts = [part for part in get_args(hint) if part is not types.NoneType]
        return parts[0], len(parts) < len(get_args(hint))
    return hint, False


def _reviver(hint: Any) -> Convert | None:
    """The way from JSON back to tuples and dataclasses; None where JSON holds the value as it is."""
    plain, _ = _plain(hint)
    if plain is datetime:
        return datetime.fromisoformat
    if get_origin(plain) is tuple:
        item = _reviver(get_args(plain)[0])
        return tuple if item is None else lambda values: tuple([item(value) for value in values])
    if is_dataclass(plain):
        hints = get_type_hints(plain)
        parts = ((field.name, _reviver(hints[field.name])) for field in fields(plain))
        return _maker(plain, tuple((name, revive) for name, revive in parts if revive is not None))
    return None


def _maker(cls: Any, parts: tuple[tuple[str, Convert], ...]) -> Convert:
    def make(wire: dict[str, Any]) -> Any:
        for name, revive in parts:
            if wire[name] is not None:
                wire[name] = revive(wire[name])
        return cls(**wire)

    return make
