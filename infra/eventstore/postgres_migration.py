"""Everything that makes tables, in one step that may be repeated, and the record of what an installation is.

Nothing else of the event store does DDL, because processes that start together would fail in it. One advisory lock in
the catalogue, the first database, keeps migrations and moves apart.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final
from uuid import uuid4

from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import UndefinedTable
from psycopg.sql import SQL

from infra.eventstore import placement
from infra.eventstore.postgres_database import Database, address, connect
from infra.eventstore.postgres_keys import KEY_TABLE
from infra.eventstore.postgres_recorder import LOCK_CLASS, MIGRATION_LOCK, LogRecorder
from infra.installation import InstallationError

ARRIVING: Final = "arriving"
DEPARTED: Final = "departed"

_IDENTITY: Final = (
    "CREATE TABLE IF NOT EXISTS identity (one boolean PRIMARY KEY DEFAULT true CHECK (one),"
    " catalogue text NOT NULL, number int NOT NULL)"
)
_IN_EACH: Final = (
    _IDENTITY,
    f"CREATE SCHEMA IF NOT EXISTS {ARRIVING}",
    f"CREATE SCHEMA IF NOT EXISTS {DEPARTED}",
)
_INSTALLATION: Final = (
    "CREATE TABLE IF NOT EXISTS installation (one boolean PRIMARY KEY DEFAULT true CHECK (one),"
    " logs int NOT NULL, proof text NOT NULL)"
)


class PlacementError(InstallationError):
    """The databases are not those of this installation, or not yet migrated."""


@contextmanager
def exclusively(catalogue: Connection[Any]) -> Iterator[None]:
    """Keep all other migrations and moves waiting; ends with the connection, too."""
    catalogue.execute(SQL("SELECT pg_advisory_lock({0}, {1})").format(LOCK_CLASS, MIGRATION_LOCK))
    try:
        yield
    finally:
        if not catalogue.closed:
            catalogue.execute(SQL("SELECT pg_advisory_unlock({0}, {1})").format(LOCK_CLASS, MIGRATION_LOCK))


def migrate(dsns: Sequence[str], logs: int) -> None:
    """Make what is missing: the catalogue in the first database, an identity in each, and a table for each log.

    Databases that are new to an installation with logs get none of them: they are moved there (`filmroll logs`).
    """
    with connect(dsns[0]) as catalogue, exclusively(catalogue):
        with catalogue.transaction():
            for statement in (*placement.TABLES, KEY_TABLE, _INSTALLATION):
                catalogue.execute(statement)
        for dsn in dsns:
            register(catalogue, dsn)
        with catalogue.transaction():
            known = placement.placements(catalogue)
            if not known:
                placement.seed(catalogue, logs, placement.addresses(catalogue))
            elif len(known) != logs:
                raise PlacementError(f"the store was made with {len(known)} logs, not {logs}: that holds for its life")
        _make_tables(catalogue, numbered(dsns))


def register(catalogue: Connection[Any], dsn: str) -> int:
    """Give a database its number and its identity, once; says the number."""
    with connect(dsn) as database:
        with database.transaction():
            for statement in _IN_EACH:
                database.execute(statement)
        known = identity(database)
        mine = catalogue.execute("SELECT catalogue FROM identity").fetchone() if _has_identity(catalogue) else None
        if known is None:
            numbers = placement.addresses(catalogue)
            number = next((each for each, known_as in numbers.items() if known_as == address(dsn)), len(numbers))
            known = (mine[0] if mine else uuid4().hex, number)
            catalogue.execute("INSERT INTO databases VALUES (%s, %s) ON CONFLICT DO NOTHING", (number, address(dsn)))
            database.execute("INSERT INTO identity (catalogue, number) VALUES (%s, %s)", known)
        elif mine is None or known[0] != mine[0]:
            raise PlacementError(f"the database {address(dsn)} belongs to another installation")
        catalogue.execute("UPDATE databases SET address = %s WHERE number = %s", (address(dsn), known[1]))
    return known[1]


def numbered(dsns: Sequence[str]) -> Mapping[int, str]:
    """The databases by the numbers that they know themselves by; the first has to be the catalogue."""
    found: dict[int, str] = {}
    catalogues: set[str] = set()
    for dsn in dsns:
        with connect(dsn) as database:
            known = identity(database)
        if known is None:
            raise PlacementError(f"the database {address(dsn)} has not been migrated: run 'filmroll logs migrate'")
        catalogues.add(known[0])
        found[known[1]] = dsn
    if len(catalogues) != 1 or len(found) != len(dsns) or found.get(0) != dsns[0]:
        raise PlacementError("these databases are not one installation's, its first one first")
    return found


def reached_at(catalogue: Connection[Any], known: Mapping[int, str], number: int) -> str:
    """The DSN of a database; one that isn't among the known is reached as the catalogue is, at its own address."""
    if number in known:
        return known[number]
    theirs: dict[str, Any] = dict(conninfo_to_dict(placement.addresses(catalogue)[number]))
    return make_conninfo(known[0], **theirs)


def found_or_check(dsn: str, logs: int | None, proof: str, *, create: bool = True) -> int:
    """How many logs the installation has, for ever; recorded in the catalogue by the first who asks with `create`.

    Raises `PlacementError` where another number of logs (None: any), or another proof of the secret, is on record.
    """
    with connect(dsn) as catalogue:
        held = _installation(catalogue)
        if held is None and create:
            if logs is None:
                raise ValueError("a new installation needs a number of logs")
            with exclusively(catalogue):  # only here: nobody who starts shall wait for a move to end
                catalogue.execute(_INSTALLATION)
                catalogue.execute(
                    "INSERT INTO installation (logs, proof) VALUES (%s, %s) ON CONFLICT DO NOTHING", (logs, proof)
                )
            held = _installation(catalogue)
    if held is None:
        raise PlacementError(f"there is no installation in {address(dsn)}")
    if logs not in (None, held[0]):
        raise PlacementError(f"{address(dsn)} has {held[0]} logs, for ever; the settings ask for {logs}")
    if held[1] != proof:
        raise PlacementError(f"FILMROLL_SECRET is not the one that {address(dsn)} was made with")
    return held[0]


def _make_tables(catalogue: Connection[Any], dsns: Mapping[int, str]) -> None:
    """The tables of logs that never had one; one that is missing later is lost, and not made again in silence."""
    for number, dsn in dsns.items():
        new = [
            log for log, each in placement.placements(catalogue).items() if each.database == number and not each.made
        ]
        if not new:
            continue
        datastore = Database(dsn)
        with connect(dsn) as database:
            for log in new:
                make_table(database, LogRecorder(datastore, log))
                catalogue.execute("UPDATE placement SET made = true WHERE log = %s", (log,))


def make_table(database: Connection[Any], recorder: LogRecorder, schema: str = "public") -> None:
    """Make a log's table, if it isn't there."""
    with database.transaction():
        if not has_table(database, recorder.events_table_name, schema):
            for statement in recorder.sql_create_statements:
                database.execute(statement)


def has_table(database: Connection[Any], table: str, schema: str = "public") -> bool:
    """Whether there is such a table."""
    found = database.execute("SELECT to_regclass(%s) IS NOT NULL", (f"{schema}.{table}",)).fetchone()
    return bool(found and found[0])


def _installation(catalogue: Connection[Any]) -> tuple[int, str] | None:
    try:
        return catalogue.execute("SELECT logs, proof FROM installation").fetchone()
    except UndefinedTable:
        return None


def _has_identity(database: Connection[Any]) -> bool:
    return has_table(database, "identity")


def identity(database: Connection[Any]) -> tuple[str, int] | None:
    """Which catalogue a database belongs to, and its number there; a replica says what its primary would."""
    found = database.execute("SELECT catalogue, number FROM identity").fetchone() if _has_identity(database) else None
    return (found[0], found[1]) if found else None
