"""Moving a log to another database while everything goes on writing it; numbers stay as they are.

Pages are copied into the schema `arriving` until little is left. Then the log is fenced for a moment, by the lock that
every writer takes: the rest is copied and compared, and the old table leaves the schema `public`, where all processes
look for it. Whoever comes now, however old its knowledge, finds nothing to write to and asks the catalogue. At last the
new table enters its database's `public`, and the catalogue is told. A move that was broken off goes on when it is asked
for again.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

from psycopg import Connection
from psycopg.errors import LockNotAvailable
from psycopg.sql import SQL, Composable, Identifier

from infra.eventstore import placement
from infra.eventstore.placement import Placed
from infra.eventstore.postgres_database import Database, connect
from infra.eventstore.postgres_migration import (
    ARRIVING,
    DEPARTED,
    PlacementError,
    exclusively,
    has_table,
    make_table,
    numbered,
    reached_at,
)
from infra.eventstore.postgres_recorder import LOCK_CLASS, LogRecorder, table_name

PAGE: Final = 20_000
LITTLE: Final = 2_000
FENCES: Final = 5
"""A fence that can't be put up at once, because somebody reads for long, lets the writers on and is tried again."""

_COLUMNS: Final = SQL("originator_id, originator_version, topic, state, notification_id")
_SUM: Final = SQL(
    "SELECT count(*), coalesce(sum(('x' || left(md5(concat_ws(' ', notification_id, originator_id, originator_version,"
    " topic, md5(state))), 16))::bit(64)::bigint::numeric), 0) FROM {0} WHERE notification_id > {1}"
    " AND notification_id <= {2}"
)


@dataclass(frozen=True, slots=True)
class Moving:
    """What a move did: how many facts it took along, and for how long (seconds) writers had to wait."""

    log: int
    facts: int
    fenced: float


def move(dsns: Sequence[str], log: int, target: int) -> Moving | None:
    """Move a log to a database; None where it is there. Raises `PlacementError` where it can't."""
    with connect(dsns[0]) as catalogue, exclusively(catalogue), ExitStack() as opened:
        placed = _placed(catalogue, log, target)
        if placed.database == target:
            return None
        known = numbered(dsns)
        old, new = (
            opened.enter_context(connect(reached_at(catalogue, known, number))) for number in (placed.database, target)
        )
        catalogue.execute("UPDATE placement SET target = %s WHERE log = %s", (target, log))
        return _Move(catalogue, old, new, placed, LogRecorder(Database(known[0]), log, ARRIVING)).run(target)


def rebalance(dsns: Sequence[str], tell: Callable[[Moving, int], None]) -> None:
    """Move every log to where the ring says, one at a time."""
    with connect(dsns[0]) as catalogue:
        wanted: Mapping[int, int] = placement.astray(placement.placements(catalogue), placement.addresses(catalogue))
    for log, target in wanted.items():
        done = move(dsns, log, target)
        if done is not None:
            tell(done, target)


def tidy(dsns: Sequence[str]) -> int:
    """Drop the tables that moved logs have left behind; says how many."""
    with connect(dsns[0]) as catalogue, exclusively(catalogue):
        dropped = 0
        for number in placement.addresses(catalogue):
            with connect(reached_at(catalogue, numbered(dsns), number)) as database:
                moving = {
                    table_name(log) for log, each in placement.placements(catalogue).items() if each.target is not None
                }
                names = database.execute(
                    "SELECT tablename FROM pg_tables WHERE schemaname = %s", (DEPARTED,)
                ).fetchall()
                for (name,) in names:
                    if name not in moving:
                        database.execute(SQL("DROP TABLE {0}").format(_in(DEPARTED, name)))
                        dropped += 1
    return dropped


class _Move:
    """One move; every step finds out what was done before."""

    def __init__(
        self,
        catalogue: Connection[Any],
        old: Connection[Any],
        new: Connection[Any],
        placed: Placed,
        recorder: LogRecorder,
    ) -> None:
        self._catalogue = catalogue
        self._old = old
        self._new = new
        self._log = placed.log
        self._recorder = recorder
        self._name = recorder.events_table_name
        self._source = _in("public", self._name)
        self._arriving = _in(ARRIVING, self._name)
        self._facts = 0

    def run(self, target: int) -> Moving:
        """Copy, fence, flip."""
        fenced = 0.0
        if not has_table(self._new, self._name):  # else only the catalogue had not been told
            make_table(self._new, self._recorder, ARRIVING)
            if has_table(self._old, self._name):
                self._catch_up()
                fenced = self._fence()
            else:  # broken off behind its fence
                self._facts = self._compare(_in(DEPARTED, self._name), 0, None)
            self._enter()
        began = time.monotonic()
        self._tell(target)
        return Moving(self._log, self._facts, fenced + time.monotonic() - began)

    def _catch_up(self) -> None:
        """Copy until little is left, and compare what was copied."""
        while self._copy() > LITTLE:
            pass
        self._facts = self._compare(self._source, 0, self._copied())

    def _fence(self) -> float:
        """Keep writers out, copy and compare the rest, and take the old table away, all in one transaction."""
        for left in range(FENCES - 1, -1, -1):
            began = time.monotonic()
            try:
                with self._old.transaction():
                    self._old.execute("SET LOCAL lock_timeout = '2s'")
                    self._old.execute("SELECT pg_advisory_xact_lock(%s, %s)", (LOCK_CLASS, self._log))
                    compared = self._copied()
                    while self._copy():
                        pass
                    rest = self._compare(self._source, compared, None)
                    self._number_on()
                    self._old.execute(SQL("DROP TABLE IF EXISTS {0}").format(_in(DEPARTED, self._name)))
                    self._old.execute(SQL("ALTER TABLE {0} SET SCHEMA {1}").format(self._source, Identifier(DEPARTED)))
            except LockNotAvailable:
                if not left:
                    raise PlacementError(f"log {self._log} is read without a pause: try again later") from None
            else:
                self._facts += rest
                return time.monotonic() - began
        raise AssertionError("unreachable")

    def _enter(self) -> None:
        """From now on the new table is where its database's part of the log is looked for."""
        self._new.execute(SQL("ALTER TABLE {0} SET SCHEMA public").format(self._arriving))

    def _tell(self, target: int) -> None:
        """From now on everybody looks there."""
        self._catalogue.execute(
            "UPDATE placement SET database = %s, target = NULL, generation = generation + 1 WHERE log = %s",
            (target, self._log),
        )

    def _copy(self) -> int:
        """Copy the next page; how many facts it had."""
        rows = SQL("SELECT {0} FROM {1} WHERE notification_id > {2} ORDER BY notification_id LIMIT {3}").format(
            _COLUMNS, self._source, self._copied(), PAGE
        )
        with self._new.transaction(), self._new.cursor() as into, self._old.cursor() as out:
            with (
                out.copy(SQL("COPY ({0}) TO STDOUT (FORMAT BINARY)").format(rows)) as source,
                into.copy(SQL("COPY {0} ({1}) FROM STDIN (FORMAT BINARY)").format(self._arriving, _COLUMNS)) as sink,
            ):
                for part in source:
                    sink.write(part)
            return into.rowcount

    def _copied(self) -> int:
        (last,) = self._one(self._new, SQL("SELECT coalesce(max(notification_id), 0) FROM {0}"), self._arriving)
        return int(last)

    def _compare(self, source: Composable, after: int, upto: int | None) -> int:
        """Count and checksum of a range have to be the same in both databases; says the count."""
        last = upto if upto is not None else 2**63 - 1
        there, here = (
            self._one(connection, _SUM, table, after, last)
            for connection, table in ((self._old, source), (self._new, self._arriving))
        )
        if there != here:
            raise PlacementError(
                f"log {self._log} was not copied well ({there} there, {here} here): drop {ARRIVING}.{self._name}"
            )
        return int(there[0])

    def _number_on(self) -> None:
        """Go on with the old table's numbers, those given to nobody included."""
        (sequence,) = self._one(
            self._old, SQL("SELECT pg_get_serial_sequence({0}, 'notification_id')"), f"public.{self._name}"
        )
        last, called = self._one(self._old, SQL(f"SELECT last_value, is_called FROM {sequence}"))  # noqa: S608 - its name
        self._new.execute(
            "SELECT setval(pg_get_serial_sequence(%s, 'notification_id'), %s, %s)",
            (f"{ARRIVING}.{self._name}", last, called),
        )

    def _one(self, connection: Connection[Any], question: SQL, *values: object) -> Any:
        return connection.execute(question.format(*values)).fetchone()


def _placed(catalogue: Connection[Any], log: int, target: int) -> Placed:
    placed = placement.placements(catalogue).get(log)
    if placed is None:
        raise PlacementError(f"there is no log {log}")
    if target not in placement.addresses(catalogue):
        raise PlacementError(f"there is no database {target}: see 'filmroll logs list'")
    if placed.target not in (None, target):
        raise PlacementError(f"log {log} is on its way to database {placed.target}: let that end first")
    return placed


def _in(schema: str, name: str) -> Composable:
    return SQL("{0}.{1}").format(Identifier(schema), Identifier(name))
