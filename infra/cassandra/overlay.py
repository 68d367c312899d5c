"""A running batch's view of its rows: what is stored, as of the fact at hand, under what the batch itself changed."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast

from infra.cassandra.connecting import Cassandra
from infra.cassandra.stored import Dated, Listed, rows_by_key, rows_by_prefix
from infra.cassandra.tables import RowTables
from infra.sqlite.shapes import micros
from projections.rows import Change, Count, Drop, Key, Projection, Put, Row

R = TypeVar("R")
Tables = Mapping[type, RowTables]
DatedRows: TypeAlias = list[Dated]


class MisfitError(ValueError):
    """A projection asks for what Cassandra can't do; no fact is to blame."""


class Wish(NamedTuple):
    """What was looked for: a row by its whole key, or rows by the beginning of it (no more than a limit)."""

    cls: type
    key: Key
    whole: bool
    limit: int | None = None


class Wishes:
    """The port `Look` for a first run over a batch, whose results don't count: it only notes what to fetch."""

    def __init__(self) -> None:
        self.noted: set[Wish] = set()

    def get(self, cls: type[R], *key: str) -> R | None:
        """Nothing, for now."""
        self.noted.add(Wish(cast(type, cls), key, whole=True))
        return None

    def list(self, cls: type[R], *prefix: str, limit: int | None = None) -> Iterable[R]:
        """Nothing, for now."""
        self.noted.add(Wish(cast(type, cls), prefix, whole=False, limit=limit))
        return ()


class Overlay:
    """The port `Look`, and the batch's changes: the last one of each key, with its time."""

    def __init__(self, cassandra: Cassandra, tables: Tables) -> None:
        self._cassandra = cassandra
        self._tables = tables
        self._at = 0
        self._stored: dict[type, dict[Key, Dated | None]] = {cls: {} for cls in tables}
        self._lists: dict[type, dict[Listed, DatedRows]] = {cls: {} for cls in tables}
        self._owned: dict[type, defaultdict[str, set[Key]]] = {cls: defaultdict(set) for cls in tables}
        self.changed: dict[type, dict[Key, Dated]] = {cls: {} for cls in tables}
        """The last change of each key; the row is None where it was dropped."""
        self.passed: dict[type, defaultdict[Key, list[Row]]] = {cls: defaultdict(list) for cls in tables}
        """Rows that were put and changed again within the batch, where their place in an order may be another."""

    def turn_to(self, recorded_at: int) -> None:
        """From now on, show what was stored by then."""
        self._at = recorded_at

    def prefetch(self, wishes: Iterable[Wish]) -> None:
        """Fetch rows in bulk that are going to be looked for."""
        by_class: defaultdict[type, set[Key]] = defaultdict(set)
        lists: defaultdict[type, set[Listed]] = defaultdict(set)
        for wish in wishes:
            if not wish.whole:
                lists[self._looked(wish.cls)].add(Listed(wish.key, wish.limit))
            elif wish.key not in self._stored[self._looked(wish.cls)]:
                by_class[wish.cls].add(wish.key)
        for cls, listed in lists.items():
            self._lists[cls].update(
                rows_by_prefix(self._cassandra, self._tables[cls], listed - self._lists[cls].keys())
            )
        for cls, keys in by_class.items():
            self._stored[cls].update(dict.fromkeys(keys))
            self._stored[cls].update(rows_by_key(self._cassandra, self._tables[cls], keys))

    def stored(self, cls: type, key: Key) -> Dated | None:
        """The row as it is stored, whenever it was written."""
        known = self._stored[cls]
        if key not in known:
            known[key] = rows_by_key(self._cassandra, self._tables[cls], [key]).get(key)
        return known[key]

    def get(self, cls: type[R], *key: str) -> R | None:
        """The row under a key."""
        own = self._looked(cast(type, cls))
        stored = self.stored(own, key)
        if stored is not None and stored.at > self._at:
            stored = None
        changed = self.changed[own].get(key)
        found = stored if changed is None else _later(stored, changed)
        return None if found is None else cast("R | None", found.row)

    def list(self, cls: type[R], *prefix: str, limit: int | None = None) -> Iterator[R]:
        """All rows whose key begins so, in the order of the key; with a limit, no more than that many.

        A limit goes by what is stored, so rows that the batch itself dropped may make the list shorter.
        """
        return islice(self._all(cls, prefix, limit), limit)

    def _all(self, cls: type[R], prefix: Key, limit: int | None) -> Iterator[R]:
        own = self._looked(cast(type, cls))
        stored = self._listed(own, Listed(prefix, limit))
        changed = [key for key in self._owned[own].get(prefix[0], ()) if key[: len(prefix)] == prefix]
        if not changed:
            yield from (cast(R, each.row) for each in stored if each.at <= self._at)
            return
        shape = self._tables[own].shape
        rows = {shape.key(each.row): each for each in stored if each.at <= self._at}
        rows.update((key, _later(rows.get(key), self.changed[own][key])) for key in changed)
        yield from (cast(R, each.row) for _, each in sorted(rows.items()) if each.row is not None)

    def enter(self, changes: Iterable[Change], recorded_at: int) -> None:
        """Take the changes of one fact."""
        for change in changes:
            match change:
                case Put(row):
                    self._set(type(row), self._tables[type(row)].shape.key(row), Dated(row, recorded_at))
                case Drop(cls, key):
                    self._set(cls, key, Dated(None, recorded_at))
                case Count():
                    raise MisfitError("counts need a store that moves the checkpoint in the same step")

    def take(self, cls: type) -> dict[Key, Dated]:
        """Hand over what was changed of a class that is never looked at."""
        taken, self.changed[cls] = self.changed[cls], {}
        return taken

    def _set(self, cls: type, key: Key, change: Dated) -> None:
        if None in key:
            raise ValueError(f"{cls.__name__} has no rows with keys like {key}")
        before = self.changed[cls].get(key)
        if before is not None and before.at > change.at:
            return
        tables = self._tables[cls]
        if before is not None and before.row is not None and tables.wandering:
            self.passed[cls][key].append(before.row)
        self.changed[cls][key] = change
        if not tables.layout.ahead:
            self._owned[cls][key[0]].add(key)

    def _listed(self, cls: type, listed: Listed) -> DatedRows:
        known = self._lists[cls]
        if listed not in known:
            known.update(rows_by_prefix(self._cassandra, self._tables[cls], [listed]))
        return known[listed]

    def _looked(self, cls: type) -> type:
        if cls not in self._tables or self._tables[cls].layout.ahead:
            raise MisfitError(f"{cls.__name__} is not made to be looked at")
        return cls


def _later(stored: Dated | None, changed: Dated) -> Dated:
    """Which of both holds: a change that was made before what is stored is overwritten already."""
    return changed if stored is None or stored.at <= changed.at else stored


def wishes_of(projection: Projection, facts: Iterable[Any]) -> set[Wish]:
    """What a projection is going to look for, as far as a run without any rows can tell."""
    wishes = Wishes()
    for fact in facts:
        try:
            for _ in projection.changes(fact, wishes):
                pass
        except Exception:  # noqa: BLE001, S112 whatever is wrong with a fact shows in the run that counts
            continue
    return wishes.noted


def time_of(fact: Any) -> int:
    """When a fact was recorded, as stored."""
    return micros(fact.recorded_at)
