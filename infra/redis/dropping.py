"""Ending copies in Redis, from threads that have just written what they were copies of."""

import threading
from collections.abc import Callable, Sequence
from typing import Final

from redis import exceptions
from redis.connection import Connection, parse_url

from commands.errors import Unavailable
from infra.breaking import Breaker
from infra.redis.line import PATIENCE_S, run_in

_TRIES: Final = 2
_TOGETHER: Final = 1_000


class Dropper:
    """One connection, on which threads take turns."""

    def __init__(self, url: str) -> None:
        self._given = parse_url(url)
        self._breaker = Breaker("redis drops")
        self._turn = threading.Lock()
        self._connection: Connection | None = None
        self._run = ""

    def close(self) -> None:
        """Let the connection go."""
        with self._turn:
            self._hang_up()

    def drop(self, names: Callable[[str], Sequence[str]]) -> None:
        """End what has these names in the server's present run.

        Where nothing listens, there is nothing: a server that is started has a run of its own. Raises `Unavailable`
        where a server may be there that could not be told.
        """
        with self._turn, self._breaker.calling():
            for attempt in range(_TRIES):
                try:
                    if self._connection is None:
                        self._connect()
                    self._send(names(self._run))
                except (exceptions.RedisError, OSError) as error:
                    self._hang_up()
                    if _refused(error):
                        return
                    if attempt + 1 == _TRIES or isinstance(error, exceptions.TimeoutError):
                        raise Unavailable(f"Redis: {error!r}") from error
                else:
                    return

    def _send(self, names: Sequence[str]) -> None:
        connection = self._connection
        assert connection is not None
        for start in range(0, len(names), _TOGETHER):
            connection.send_command("UNLINK", *names[start : start + _TOGETHER], check_health=False)
            connection.read_response()

    def _connect(self) -> None:
        connection = Connection(**self._given, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S, protocol=2)
        try:
            connection.connect()
            connection.send_command("INFO", "server")
            self._run = run_in(connection.read_response())
        except BaseException:
            connection.disconnect()
            raise
        self._connection = connection

    def _hang_up(self) -> None:
        connection, self._connection, self._run = self._connection, None, ""
        if connection is not None:
            connection.disconnect()


def _refused(error: BaseException | None) -> bool:
    """Whether nothing listens there at all."""
    while error is not None:
        if isinstance(error, ConnectionRefusedError):
            return True
        error = error.__cause__ or error.__context__
    return False
