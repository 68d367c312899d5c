"""The session: statements prepared once, answers awaited without a thread each, blocking calls for worker threads."""

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from cassandra import ConsistencyLevel, OperationTimedOut, RequestExecutionException
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, NoHostAvailable, Session
from cassandra.concurrent import execute_concurrent_with_args
from cassandra.connection import ConnectionException
from cassandra.io.libevreactor import LibevConnection
from cassandra.policies import DCAwareRoundRobinPolicy, ExponentialReconnectionPolicy, TokenAwarePolicy
from cassandra.query import BoundStatement, SimpleStatement, tuple_factory

from commands.errors import Unavailable
from infra.breaking import Breaker
from infra.slow import Slow

Values = tuple[Any, ...]

IN_FLIGHT: Final = 16
"""Statements that one writer or reader has on their way at once; more only fill the server's queues."""

_SILENCE: Final = (NoHostAvailable, OperationTimedOut, ConnectionException)
_OUTAGES: Final = (*_SILENCE, RequestExecutionException)
_TIMEOUT_S: Final = 8.0
_SCHEMA_S: Final = 60.0
_PROTOCOL: Final = 5
"""Cassandra 4 and later; it lets each statement name its keyspace."""


@contextmanager
def outages() -> Iterator[None]:
    """Turn what says that the servers can't be reached now into the one error for it."""
    try:
        yield
    except _OUTAGES as error:
        raise Unavailable(f"Cassandra: {error}") from error


class Cassandra:
    """One session on a keyspace, shared by everything in a process."""

    def __init__(self, cluster: Cluster, session: Session, keyspace: str, slow: Slow) -> None:
        self._slow = slow
        self.session = session
        self.keyspace = keyspace
        self._cluster = cluster
        self._prepared: dict[str, Any] = {}
        self._turn = threading.Lock()
        self._breaker = Breaker("cassandra")

    @classmethod
    async def open(
        cls,
        points: Sequence[tuple[str, int]],
        keyspace: str,
        slow: Slow = Slow(),  # noqa: B008 - frozen
    ) -> "Cassandra":
        """Connect; raises `Unavailable` where nothing answers. The keyspace has to be there (`schema.migrate`)."""
        return await asyncio.to_thread(cls.connect, points, keyspace, slow)

    @classmethod
    def connect(cls, points: Sequence[tuple[str, int]], keyspace: str, slow: Slow = Slow()) -> "Cassandra":  # noqa: B008 - frozen
        """Connect, blocking."""
        cluster = Cluster(
            [host for host, _ in points],
            port=points[0][1],
            protocol_version=_PROTOCOL,
            connect_timeout=_TIMEOUT_S,
            control_connection_timeout=_TIMEOUT_S,
            connection_class=LibevConnection,
            sockopts=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],  # the driver leaves Nagle on: 15 times slower
            reconnection_policy=ExponentialReconnectionPolicy(0.1, 5.0),
            execution_profiles={
                EXEC_PROFILE_DEFAULT: ExecutionProfile(
                    load_balancing_policy=TokenAwarePolicy(DCAwareRoundRobinPolicy()),
                    consistency_level=ConsistencyLevel.LOCAL_QUORUM,
                    serial_consistency_level=ConsistencyLevel.LOCAL_SERIAL,
                    request_timeout=_TIMEOUT_S,
                    row_factory=tuple_factory,
                )
            },
        )
        with outages():
            try:
                return cls(cluster, cluster.connect(), keyspace, slow)
            except BaseException:
                cluster.shutdown()
                raise

    async def close(self) -> None:
        """Let all connections go."""
        await asyncio.to_thread(self._cluster.shutdown)

    def prepared(self, cql: str) -> Any:
        """The statement, prepared the first time (blocking), and safe to be sent twice."""
        known = self._prepared.get(cql)
        if known is None:
            with self._turn, outages():
                known = self._prepared.get(cql)
                if known is None:
                    known = self.session.prepare(cql, keyspace=self.keyspace)
                    known.is_idempotent = " IF " not in cql
                    self._prepared[cql] = known
        return known

    def forget(self, part: str) -> None:
        """Let go of statements on tables that were dropped."""
        with self._turn:
            for cql in [cql for cql in self._prepared if part in cql]:
                del self._prepared[cql]

    async def fetch(self, cql: str, *values: Any) -> list[Values]:
        """All rows that a statement finds, in one page: it has to limit itself."""
        known: Any = self._prepared.get(cql) or await asyncio.to_thread(self.prepared, cql)
        began = time.perf_counter()
        rows = await self.send(unpaged(known.bind(values)))
        self._slow.note("cassandra", cql, time.perf_counter() - began)
        return rows

    def send(self, statement: Any) -> Awaitable[list[Values]]:
        """Send a statement now, and await its rows; refused at once where no server was seen to answer."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Values]] = loop.create_future()
        if not self._breaker.admits():
            answer.set_exception(Unavailable("Cassandra is away"))
            return answer

        def settle(settled: Callable[[], None]) -> None:
            if not answer.done():
                settled()

        def arrived(rows: Any) -> None:
            self._breaker.answered()
            loop.call_soon_threadsafe(settle, lambda: answer.set_result(list(rows or ())))

        def failed(error: Exception) -> None:
            loop.call_soon_threadsafe(settle, lambda: answer.set_exception(self._told(error)))

        try:
            self.session.execute_async(statement).add_callbacks(arrived, failed)
        except Exception as error:  # noqa: BLE001 sorted into outages and the rest
            answer.set_exception(self._told(error))
        return answer

    def _told(self, error: Exception) -> Exception:
        """An outage as the one error for it; everything else as it is."""
        if isinstance(error, _SILENCE):
            self._breaker.away()
        else:
            self._breaker.answered()
        return Unavailable(f"Cassandra: {error}") if isinstance(error, _OUTAGES) else error

    def ask(self, cql: str, *values: Any) -> list[Values]:
        """All rows that a statement finds, page after page; blocking, for worker threads."""
        with outages():
            return list(self.session.execute(self.prepared(cql).bind(values)))

    def ask_each(self, cql: str, asked: Iterable[Values]) -> Iterator[list[Values]]:
        """All rows that a statement finds for each of these values, some on their way at once; for worker threads."""
        with outages():
            for _, rows in execute_concurrent_with_args(
                self.session, self.prepared(cql), asked, concurrency=IN_FLIGHT, results_generator=True
            ):
                yield list(rows)

    def execute(self, cql: str) -> None:
        """Run a statement that changes the schema; blocking, for worker threads."""
        with outages():
            self.session.execute(SimpleStatement(cql, keyspace=self.keyspace), timeout=_SCHEMA_S)

    def pump(self) -> "Pump":
        """A bounded number of statements at once; blocking, for worker threads."""
        return Pump(self.session)


class Pump:
    """Keeps statements on their way from one thread; the first error ends it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._free = threading.Semaphore(IN_FLIGHT)
        self._error: Exception | None = None

    def send(self, statement: Any, take: Callable[[list[Values]], None] = lambda _: None) -> None:
        """Send as soon as there is room; `take` gets the rows on another thread, and must be quick."""
        self._free.acquire()
        if self._error is not None:
            self._free.release()
            with outages():
                raise self._error

        def arrived(rows: Any) -> None:
            take(list(rows or ()))
            self._free.release()

        def failed(error: Exception) -> None:
            self._error = error
            self._free.release()

        try:
            with outages():
                self._session.execute_async(statement).add_callbacks(arrived, failed)
        except BaseException:
            self._free.release()
            raise

    def drain(self) -> None:
        """Wait until everything is answered; raises the first error."""
        for _ in range(IN_FLIGHT):
            self._free.acquire()
        self._free.release(IN_FLIGHT)
        if self._error is not None:
            with outages():
                raise self._error


def unpaged(statement: BoundStatement) -> BoundStatement:
    """The statement, answered in one page."""
    statement.fetch_size = None
    return statement
