"""One PostgreSQL database of the event store: one pool of connections for all of its logs, with bounds on every wait."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from eventsourcing.postgres import ConnectionPool, PostgresDatastore
from eventsourcing.utils import strtobool
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow, dict_row
from psycopg_pool import PoolTimeout

from infra.eventstore.postgres_arrays import register

CONNECT_SECONDS: Final = 5
AWAY_SECONDS: Final = 0.1
"""While a server can't be reached, callers wait no longer than this: threads that wait hold up those with other servers."""
RETRY_SECONDS: Final = 2.0
"""So long a connection is tried again, ever more slowly; whoever asks after that has it tried at once."""
LOCK_SECONDS: Final = 5
STATEMENT_SECONDS: Final = 60
IDLE_IN_TRANSACTION_SECONDS: Final = 10
POOL: Final = (5, 20)
WARM: Final = 8
"""So many connections are kept from going round: for some committing threads, a loading one, two that read."""
_LOST: Final = ("08", "57P")
"""SQLSTATE classes of lost connections and of servers that shut down; an error without one is the client's own."""
UNSAFE: Final = "POSTGRES_ENABLE_DB_FUNCTIONS"

SESSION: Final = {
    "lock_timeout": f"{LOCK_SECONDS}s",
    "statement_timeout": f"{STATEMENT_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_SECONDS}s",
    # All our statements go by an index; plans made while a table was small must not outlive that.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
}


class Pool(ConnectionPool[Connection[DictRow]]):
    """The library's pool, but warm connections go first, which have prepared our statements, and an outage is known."""

    def __init__(self, **given: Any) -> None:
        self._warm: list[Connection[DictRow]] = []
        self._away = False
        self._errors = 0
        super().__init__(**given)

    def getconn(self, timeout: float | None = None) -> Connection[DictRow]:
        """The connection that was used last."""
        try:
            return self._warm.pop()
        except IndexError:
            return self._reached(AWAY_SECONDS if self._away else timeout)

    def _reached(self, timeout: float | None) -> Connection[DictRow]:
        """Nothing in time means that the server is away, unless connecting never failed: then all are in use."""
        try:
            connection = super().getconn(timeout)
        except PoolTimeout:
            self._away = self._away or self._failed() > self._errors
            raise
        if self._away:
            self._away, self._errors = False, self._failed()
        return connection

    def _failed(self) -> int:
        """How often connecting has failed."""
        return self.get_stats().get("connections_errors", 0)

    def putconn(self, conn: Connection[DictRow]) -> None:
        """Keep it warm, if it is whole and there are not enough of them."""
        idle = conn.pgconn.transaction_status == TransactionStatus.IDLE
        if idle and len(self._warm) < WARM and not self.closed:
            self._warm.append(conn)
        else:
            super().putconn(conn)

    def drain(self) -> None:
        """Make all connections anew, the warm ones too."""
        self._cool()
        super().drain()

    def close(self, timeout: float = CONNECT_SECONDS) -> None:
        """Close all connections."""
        super().close(timeout)
        self._cool()

    def _cool(self) -> None:
        while self._warm:
            super().putconn(self._warm.pop())


class UnsafeSetting(ValueError):
    """The environment asks for the library's database functions, which insert without a lock: readers miss events."""

    def __init__(self, variable: str) -> None:
        super().__init__(f"{variable} must not be set: with database functions readers miss events")


class Database(PostgresDatastore):
    """The library's datastore over one pool; `dsn` is a URL or a connection string, as libpq reads them."""

    def __init__(self, dsn: str, *, pool: tuple[int, int] = POOL, name: str = "filmroll") -> None:
        refuse_unsafe(os.environ)
        least, most = pool
        given = conninfo_to_dict(dsn)
        super().__init__(
            str(given.get("dbname") or ""),
            str(given.get("host") or ""),
            str(given.get("port") or 5432),
            str(given.get("user") or ""),
            str(given.get("password") or ""),
            lock_timeout=LOCK_SECONDS,
            originator_id_type="text",
            enable_db_functions=False,
        )
        self.address = address(dsn)
        self.pool = Pool(
            connection_class=Connection[DictRow],
            kwargs=connection_options(dsn, name) | {"row_factory": dict_row},
            min_size=least,
            max_size=most,
            open=False,
            configure=self.after_connect_func(),
            timeout=CONNECT_SECONDS,
            reconnect_timeout=RETRY_SECONDS,
        )

    def after_connect_func(self) -> Callable[[Connection[Any]], None]:
        """What the library sets with a statement is set by options already."""

        def after_connect(connection: Connection[DictRow]) -> None:
            connection.prepared_max = None  # a few for each log
            register(connection)

        return after_connect

    def register_type_adapters(self) -> None:
        """Nothing: arrays are sent instead of composites, so that recorders cost no round trip."""

    @contextmanager
    def get_connection(self) -> Iterator[Connection[DictRow]]:
        """A connection of the pool; when one is lost, the others are made anew too, as the server may have restarted."""
        with super().get_connection() as connection:
            try:
                yield connection
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                if connection.closed or (error.sqlstate or _LOST[0]).startswith(_LOST):
                    self.pool.drain()
                raise


def connection_options(dsn: str, name: str) -> dict[str, Any]:
    """Everything of a DSN, and our bounds on how long anything may take."""
    given: dict[str, Any] = {key: value for key, value in conninfo_to_dict(dsn).items() if value is not None}
    session = " ".join(f"-c {setting}={value}" for setting, value in SESSION.items())
    bounds: dict[str, Any] = {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": name,
        "keepalives_idle": 30,
        "tcp_user_timeout": 1000 * STATEMENT_SECONDS,
        "autocommit": True,
    }
    return bounds | given | {"options": f"{session} {given.get('options', '')}".strip()}


def connect(dsn: str, name: str = "filmroll migration") -> Connection[tuple[Any, ...]]:
    """A connection outside the pools, which nothing hurries, in autocommit."""
    return psycopg.connect(**connection_options(dsn, name) | {"options": "-c jit=off"})


def address(dsn: str) -> str:
    """Where a database is, without the secrets of how to get in."""
    given = conninfo_to_dict(dsn)
    shown = {key: str(given.get(key) or default) for key, default in (("host", "localhost"), ("port", "5432"))}
    return make_conninfo(**shown, dbname=str(given.get("dbname") or given.get("user") or ""))


def refuse_unsafe(environment: "os._Environ[str] | dict[str, str]") -> None:
    """Raise `UnsafeSetting` where any prefix of the library's setting is on."""
    for variable, value in environment.items():
        if variable.endswith(UNSAFE) and value.strip() and strtobool(value):
            raise UnsafeSetting(variable)
