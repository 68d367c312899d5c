"""The members' keys in a table of the catalogue database, each wrapped by the master key."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from eventsourcing.persistence import PersistenceError
from psycopg import Connection
from psycopg.rows import tuple_row
from psycopg.sql import SQL

from commands.errors import Unavailable
from infra.eventstore.keys import FIND_CHUNK, KeyCache, KeyDestroyed
from infra.eventstore.postgres_database import Database
from infra.eventstore.postgres_recorder import KEYS_LOCK, LOCK_CLASS
from infra.eventstore.sealing import unwrap, wrap

POOL: Final = (1, 4)
TRIES: Final = 2

KEY_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS keys (member text PRIMARY KEY, wrapped bytea, ended bigint UNIQUE)"
    # What is destroyed shall leave the table soon, however few they are.
    " WITH (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0)"
)
_ENDING: Final = SQL("SELECT pg_advisory_xact_lock({0}, {1})").format(LOCK_CLASS, KEYS_LOCK)


class PostgresKeys:
    """The keys of a cluster; any thread may call.

    A destroyed key is gone from the table with the next vacuum, and from the server when its WAL has been recycled;
    backups of the catalogue have to be as short-lived as an erasure may take.
    """

    def __init__(self, dsn: str, master_key: bytes, clock: Callable[[], float] = time.monotonic) -> None:
        if len(master_key) != 32:  # noqa: PLR2004 - AES-256
            raise ValueError("the master key has to have 32 bytes")
        self._master = AESGCM(master_key)
        self._clock = clock
        self._cache = KeyCache(clock)
        self._lock = threading.Lock()
        self._ended = 0
        self._database = Database(dsn, pool=POOL, name="filmroll keys")

    def create(self, member: str) -> AESGCM:
        """The member's key, made and durable if there was none; raises `KeyDestroyed` for an erased member."""
        fresh = wrap(self._master, member, AESGCM.generate_key(bit_length=256))
        self._ask("INSERT INTO keys (member, wrapped) VALUES (%s, %s) ON CONFLICT DO NOTHING", (member, fresh))
        ((wrapped,),) = self._ask("SELECT wrapped FROM keys WHERE member = %s", (member,))
        if wrapped is None:
            raise KeyDestroyed(member)
        key = unwrap(self._master, member, wrapped)
        with self._lock:
            self._cache.keep({member: key})
        return key

    def get(self, members: Iterable[str]) -> Mapping[str, AESGCM]:
        """The keys of those members that have one."""
        wanted = set(members)
        with self._lock:
            self._look()
            found = self._cache.find(wanted)
            missing = sorted(wanted - found.keys())
            for start in range(0, len(missing), FIND_CHUNK):
                rows = self._ask(
                    "SELECT member, wrapped FROM unnest(%s::text[]) AS wanted (n) JOIN keys ON member = n"
                    " WHERE wrapped IS NOT NULL",
                    (missing[start : start + FIND_CHUNK],),
                )
                loaded = {member: unwrap(self._master, member, wrapped) for member, wrapped in rows}
                self._cache.keep(loaded)
                found |= loaded
        return found

    def at_hand(self, members: Iterable[str]) -> Mapping[str, AESGCM] | None:
        """The same where it can be told without blocking and every member has one, else None."""
        if not self._cache.fresh:
            return None
        wanted = set(members)
        found = self._cache.find(wanted)
        return found if len(found) == len(wanted) else None

    def destroy(self, member: str) -> None:
        """End the member's key, for ever and in all processes (elsewhere within `STALE_SECONDS`); may be repeated."""

        def end(connection: Connection[Any]) -> list[Any]:
            with connection.transaction():
                connection.execute(_ENDING)  # in order, so that who looks for new ones misses none
                connection.execute(
                    "INSERT INTO keys (member, ended) SELECT %s, coalesce(max(ended), 0) + 1 FROM keys"
                    " ON CONFLICT (member) DO UPDATE SET wrapped = NULL, ended = excluded.ended"
                    " WHERE keys.ended IS NULL",
                    (member,),
                )
            return []

        self._run(end)
        with self._lock:
            self._cache.drop(member)

    def close(self) -> None:
        """Let go of the table."""
        self._database.close()

    def _look(self) -> None:
        """See which keys other processes destroyed since the last look."""
        if self._cache.fresh:
            return
        began = self._clock()
        destroyed = self._ask("SELECT ended, member FROM keys WHERE ended > %s ORDER BY ended", (self._ended,))
        self._cache.looked(began, [member for _, member in destroyed])
        self._ended = destroyed[-1][0] if destroyed else self._ended

    def _ask(self, statement: str, values: tuple[object, ...]) -> list[Any]:
        def ask(connection: Connection[Any]) -> list[Any]:
            with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []

        return self._run(ask)

    def _run(self, work: Callable[[Connection[Any]], list[Any]]) -> list[Any]:
        """Everything here may be repeated, so a connection that was lost is just replaced."""
        failure: PersistenceError | None = None
        for _ in range(TRIES):
            try:
                with self._database.get_connection() as connection:
                    return work(connection)
            except PersistenceError as error:
                failure = error
        raise Unavailable(f"the key table can't be reached: {failure}") from failure
