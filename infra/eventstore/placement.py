"""Which database holds which log: wished for by a consistent-hash ring, decided by a table in the first database.

The first database, the catalogue, also knows the other databases by number. So a log can be moved while all processes
run: who doesn't find it where it was asks here again.
"""

from bisect import bisect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Literal

from psycopg import Connection
from psycopg.rows import tuple_row

POINTS: Final = 256
"""So many points of the ring belong to a database: shares differ by some 6 %."""

State = Literal["new", "settled", "moving"]

_DATABASES: Final = "CREATE TABLE IF NOT EXISTS databases (number int PRIMARY KEY, address text NOT NULL UNIQUE)"
_PLACEMENT: Final = (
    "CREATE TABLE IF NOT EXISTS placement (log int PRIMARY KEY, database int NOT NULL REFERENCES databases,"
    " generation int NOT NULL DEFAULT 1, target int REFERENCES databases, made boolean NOT NULL DEFAULT false)"
)
TABLES: Final = (_DATABASES, _PLACEMENT)


class Ring:
    """Where each log would lie if nothing had been moved; a database more takes logs, and moves none among the others."""

    def __init__(self, databases: Iterable[int]) -> None:
        self._points = sorted((_point(f"{number}/{turn}"), number) for number in databases for turn in range(POINTS))
        if not self._points:
            raise ValueError("a ring needs a database")

    def home(self, log: int) -> int:
        """The number of the database whose point follows that of the log."""
        return self._points[bisect(self._points, (_point(f"log {log}"), 0)) % len(self._points)][1]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a log lies; its generation rises with every move."""

    log: int
    database: int
    generation: int
    target: int | None
    made: bool

    @property
    def state(self) -> State:
        """Whether its table has still to be made, or it is on its way to `target`."""
        if not self.made:
            return "new"
        return "settled" if self.target is None else "moving"


def placements(catalogue: Connection[Any]) -> Mapping[int, Placed]:
    """Where every log lies."""
    with catalogue.cursor(row_factory=tuple_row) as cursor:
        cursor.execute("SELECT log, database, generation, target, made FROM placement ORDER BY log")
        return {row[0]: Placed(*row) for row in cursor.fetchall()}


def addresses(catalogue: Connection[Any]) -> Mapping[int, str]:
    """Where every database is, without passwords."""
    with catalogue.cursor(row_factory=tuple_row) as cursor:
        return dict(cursor.execute("SELECT number, address FROM databases ORDER BY number").fetchall())


def seed(catalogue: Connection[Any], logs: int, databases: Iterable[int]) -> None:
    """Place the logs of a new installation."""
    ring = Ring(databases)
    with catalogue.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO placement (log, database) VALUES (%s, %s)", [(log, ring.home(log)) for log in range(logs)]
        )


def astray(placed: Mapping[int, Placed], databases: Iterable[int]) -> Mapping[int, int]:
    """The logs that lie elsewhere than their ring says, with where they belong."""
    ring = Ring(databases)
    return {log: ring.home(log) for log, each in placed.items() if ring.home(log) != each.database}


def _point(name: str) -> int:
    return int.from_bytes(sha256(name.encode()).digest()[:8])
