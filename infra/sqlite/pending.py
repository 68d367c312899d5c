"""The changes of a running batch: gathered in memory, seen by the projection at once, written together.

Most of what a batch changes it changes more than once (a tally above all), and SQLite takes many rows at a time far
faster than one by one. So changes wait here and go out before a look that needs them in the tables, and at the end.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, TypeVar, cast

from infra.sqlite.shapes import micros
from infra.sqlite.tables import NO_ZEROS, Statements, statements
from projections.rows import Change, Count, Drop, Key, Projection, Put, Row, Tally

R = TypeVar("R")


class Pending:
    """The port `Look` over a build's rows, together with what has not been written yet."""

    def __init__(self, connection: sqlite3.Connection, projection: Projection) -> None:
        self._connection = connection
        self._dated = projection.last_writer_wins
        self._statements = {cls: statements(cls, dated=self._dated) for cls in projection.rows}
        self._rows: dict[type, dict[Key, Row | None]] = {cls: {} for cls in projection.rows}
        self._times: dict[tuple[type, Key], datetime] = {}
        self._tallies: dict[tuple[str, str], int] = {}
        self.written: dict[type, set[Key]] = {}
        """The keys of all that went out."""

    def enter(self, changes: Iterable[Change], recorded_at: datetime) -> None:
        """Take the changes of one fact."""
        for change in changes:
            match change:
                case Count():
                    tally = (change.subject, change.kind)
                    self._tallies[tally] = self._tallies.get(tally, 0) + change.by
                case Put():
                    cls = type(change.row)
                    self._set(cls, self._statements[cls].shape.key(change.row), change.row, recorded_at)
                case Drop():
                    self._set(change.row, change.key, None, recorded_at)

    def get(self, cls: type[R], *key: str) -> R | None:
        """The row under a key."""
        if self._dated or cls is cast(type, Tally):
            self.flush()
        elif key in self._rows[cls]:
            return cast("R | None", self._rows[cls][key])
        known = self._statements[cls]
        found = self._connection.execute(known.get, key).fetchone()
        return None if found is None else cast(R, known.shape.decode(found))

    def list(self, cls: type[R], *prefix: str, limit: int | None = None) -> Iterator[R]:
        """All rows whose key begins so, in the order of the key; with a limit, no more than that many."""
        self.flush()
        known = self._statements[cls]
        values = (*prefix, -1 if limit is None else limit)
        for found in self._connection.execute(known.listing(len(prefix)), values).fetchall():
            yield cast(R, known.shape.decode(found))

    def flush(self) -> None:
        """Write everything that waits."""
        for cls, rows in self._rows.items():
            if rows:
                self.written.setdefault(cls, set()).update(rows)
                self._write(cls, self._statements[cls], rows)
                rows.clear()
        self._times.clear()
        if self._tallies:
            added = [(str(key[0]), str(key[1]), by) for key, by in sorted(self._tallies.items()) if by]
            self.written.setdefault(Tally, set()).update(self._tallies)
            self._connection.executemany(self._statements[Tally].count, added)
            self._connection.execute(NO_ZEROS)
            self._tallies.clear()

    def forget(self) -> None:
        """Leave out everything that waits."""
        for rows in self._rows.values():
            rows.clear()
        self._times.clear()
        self._tallies.clear()

    def _set(self, cls: type, key: Key, row: Row | None, recorded_at: datetime) -> None:
        if self._dated:
            before = self._times.get((cls, key))
            if before is not None and before >= recorded_at:
                return
            self._times[cls, key] = recorded_at
        self._rows[cls][key] = row

    def _write(self, cls: type, known: Statements, rows: dict[Key, Row | None]) -> None:
        if self._dated:
            self._connection.executemany(known.put, [self._dated_values(cls, known, *each) for each in rows.items()])
            return
        puts = [known.shape.encode(row) for _, row in sorted(rows.items()) if row is not None]
        drops = [key for key, row in rows.items() if row is None]
        if puts:
            self._connection.executemany(known.put, puts)
        if drops:
            self._connection.executemany(known.drop, drops)

    def _dated_values(self, cls: type, known: Statements, key: Key, row: Row | None) -> tuple[Any, ...]:
        """A row with its time, or for a drop its key alone: what is left of it is when it went."""
        at = micros(self._times[cls, key])
        if row is not None:
            return (*known.shape.encode(row), at, 0)
        names = dict(zip(known.shape.table.key, key, strict=True))
        return (*(names.get(column.name) for column in known.shape.columns), at, 1)
