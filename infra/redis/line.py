"""One connection to Redis for all who read: what is asked while an answer is on its way goes out together next.

Which run of the server it leads to is asked as soon as it connects, and every call says for which run it was made. So a
server that was started again, with whatever data, is never asked for what belonged to its run before.
"""

import asyncio
from asyncio import Future, Task
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from redis import exceptions
from redis.asyncio.connection import Connection, parse_url

from commands.errors import Unavailable
from infra.breaking import Breaker

PATIENCE_S: Final = 1.0
"""For what is only quicker than its source, nobody waits long."""


class _Asked(NamedTuple):
    run: str
    calls: Sequence[tuple[Any, ...]]
    answer: Future[list[Any]]


class Line:
    """For one event loop; connects when it is first used."""

    def __init__(self, url: str) -> None:
        self._given = parse_url(url)
        self._breaker = Breaker("redis copies")
        self._connection: Connection | None = None
        self._run = ""
        self._waiting: list[_Asked] = []
        self._pump: Task[None] | None = None
        self._connecting = asyncio.Lock()

    async def close(self) -> None:
        """Let the connection go."""
        if self._pump is not None:
            await self._pump
        await self._hang_up()

    async def run(self) -> str:
        """The run of the server that calls can be made for; raises `Unavailable` where none is reached."""
        if self._connection is None:
            async with self._connecting:
                if self._connection is None:
                    with self._breaker.calling():
                        await self._connect()
        return self._run

    async def ask(self, run: str, calls: Sequence[tuple[Any, ...]]) -> list[Any]:
        """The answers in order, errors of Redis among them; raises `Unavailable` where that run is not reached."""
        answer: Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Asked(run, calls, answer))
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._send_all())
        return await answer

    async def _send_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            current = [asked for asked in batch if asked.run == self._run and self._connection is not None]
            for asked in batch:
                if asked not in current:
                    _refuse(asked, "Redis was left or started again meanwhile")
            if current:
                await self._send(current)

    async def _send(self, batch: list[_Asked]) -> None:
        connection = self._connection
        assert connection is not None
        try:
            with self._breaker.calling():
                await self._exchange(connection, batch)
        except Unavailable as error:
            await self._hang_up()
            for asked in batch:
                _refuse(asked, str(error))

    async def _exchange(self, connection: Connection, batch: list[_Asked]) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await connection.send_packed_command(
                    connection.pack_commands([call for asked in batch for call in asked.calls]), check_health=False
                )
                for asked in batch:
                    answers = [await _read(connection) for _ in asked.calls]
                    if not asked.answer.done():
                        asked.answer.set_result(answers)
        except (exceptions.ConnectionError, exceptions.TimeoutError, OSError, TimeoutError) as error:
            raise Unavailable(f"Redis: {error!r}") from error

    async def _connect(self) -> None:
        connection = Connection(**self._given, socket_timeout=None, socket_connect_timeout=PATIENCE_S, protocol=2)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await connection.connect()
                await connection.send_command("INFO", "server")
                self._run = run_in(await connection.read_response())
        except (exceptions.RedisError, OSError, TimeoutError) as error:
            await connection.disconnect(nowait=True)
            raise Unavailable(f"Redis: {error!r}") from error
        self._connection = connection

    async def _hang_up(self) -> None:
        connection, self._connection, self._run = self._connection, None, ""
        if connection is not None:
            await connection.disconnect(nowait=True)


def run_in(told: Any) -> str:
    """The run that a server says it is in."""
    text = told.decode() if isinstance(told, bytes) else str(told)
    return next(line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("run_id:"))


async def _read(connection: Connection) -> Any:
    try:
        return await connection.read_response()
    except exceptions.ResponseError as error:
        return error


def _refuse(asked: _Asked, why: str) -> None:
    if not asked.answer.done():
        asked.answer.set_exception(Unavailable(why))
