"""What projections write: rows with a table and a key, and the three ways to change them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, NewType, Protocol, TypeAlias, TypeVar, cast, dataclass_transform

from domain.events import event_type
from domain.recorded import Recorded, Unreadable
from domain.wire import chosen

Key: TypeAlias = tuple[str, ...]
Row: TypeAlias = Any
"""An instance of a class made with `row`."""

Vector = NewType("Vector", tuple[float, ...])
"""What is compared by its angle to others, which stores may do by themselves: `DIMENSIONS` numbers, not all of them 0."""
DIMENSIONS: Final = 64

R = TypeVar("R")
_Class = TypeVar("_Class", bound=type)


@dataclass(frozen=True, slots=True)
class Table:
    """Where rows of a class lie: the fields of their key, and further orders in which they are read."""

    name: str
    row: type
    key: tuple[str, ...]
    orders: tuple[tuple[str, ...], ...]


_TABLES: dict[type, Table] = {}


@dataclass_transform(frozen_default=True)
def row(table: str, *, key: tuple[str, ...], orders: tuple[tuple[str, ...], ...] = ()) -> Callable[[_Class], _Class]:
    """Make a class the row of a table.

    Fields may be text, whole numbers, floats, booleans, times, tuples of text, vectors, or frozen dataclasses, or None.
    """

    def enter(cls: _Class) -> _Class:
        made = cast(_Class, dataclass(frozen=True, slots=True)(cast(type, cls)))
        _TABLES[made] = Table(name=table, row=made, key=key, orders=orders)
        return made

    return enter


def table_of(cls: type) -> Table:
    """The table that rows of this class lie in."""
    return _TABLES[cls]


def key_of(value: Row) -> Key:
    """The key of a row."""
    return tuple(getattr(value, field) for field in _TABLES[type(value)].key)


@dataclass(frozen=True, slots=True)
class Put:
    """Write a row, whatever was there under its key."""

    row: Row


@dataclass(frozen=True, slots=True)
class Drop:
    """End the row under a key, if there is one."""

    row: type
    key: Key


@dataclass(frozen=True, slots=True)
class Count:
    """Add to a tally; allowed only where the store moves the checkpoint in the same step."""

    subject: str
    kind: str
    by: int


Change: TypeAlias = Put | Drop | Count


@row("tallies", key=("subject", "kind"))
class Tally:
    """One exact count of something: `kind` says of what, `subject` whose."""

    subject: str
    kind: str
    count: int


class Look(Protocol):
    """A projection's view of its own rows, the changes of the running batch included."""

    def get(self, cls: type[R], *key: str) -> R | None:
        """The row under a key."""
        ...

    def list(self, cls: type[R], *prefix: str, limit: int | None = None) -> Iterable[R]:
        """All rows whose key begins so, in the order of the key; with a limit, no more than that many."""
        ...


Project: TypeAlias = Callable[[Recorded, Look], Iterable[Change]]


@dataclass(frozen=True, slots=True)
class Projection:
    """A read model as a function of events.

    `version` names the meaning of `project`: it is raised with every change of what the rows say, and a read model
    that was built by another version has to be rebuilt. With `last_writer_wins`, rows are written by the command
    handler too, so every row and every drop carries its event's `recorded_at`, and the later one stays. With `ranked`,
    the tallies of a subject are read in the order of their counts too.
    """

    name: str
    version: int
    handles: tuple[type, ...]
    rows: tuple[type, ...]
    project: Project
    last_writer_wins: bool = False
    ranked: bool = False

    def concerned_by(self, fact: Recorded) -> bool:
        """Whether a fact has to do with this read model: it handles the event, or would, could it be read."""
        if isinstance(fact.event, Unreadable):
            return chosen(frozenset(event_type(cls).name for cls in self.handles))[fact.event.name]
        return type(fact.event) in self.handles

    def changes(self, fact: Recorded, look: Look) -> Iterable[Change]:
        """What a fact changes; raises where it can't be read, and what `project` raises where it can't be applied."""
        if isinstance(fact.event, Unreadable):
            raise fact.event.error
        return self.project(fact, look)
