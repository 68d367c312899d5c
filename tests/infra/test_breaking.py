"""A server that was seen to be away is tried by one call in a while; everybody else is told at once."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from prometheus_client import REGISTRY

from commands.errors import Unavailable
from infra.breaking import FAILURES, SHARE, UNREPORTED_S, Breaker
from infra.opensearch.connecting import OpenSearch
from infra.redis.connecting import connect, send


class Hand:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Hand, failures: int = 3) -> Breaker:
    breaker = Breaker("server", failures=failures, rest_s=2.0, clock=clock)
    for _ in range(failures):
        assert breaker.admits()
        breaker.away()
    return breaker


def shown(metric: str) -> float | None:
    return REGISTRY.get_sample_value(metric, {"server": "server"})


def test_failures_in_a_row_open_it_and_an_answer_between_them_does_not() -> None:
    breaker = Breaker("server", failures=2, clock=Hand())
    for _ in range(5):
        breaker.away()
        breaker.answered()
    assert not breaker.open
    breaker.away()
    breaker.away()
    assert breaker.open
    assert not breaker.admits()


def test_one_call_in_a_while_is_let_through_and_its_answer_closes_it() -> None:
    clock = Hand()
    breaker = opened(clock)
    assert [breaker.admits() for _ in range(3)] == [False, False, False]
    assert shown("filmroll_dependency_away") == 1
    clock.now += 2.0
    assert [breaker.admits() for _ in range(3)] == [True, False, False]
    breaker.away()
    clock.now += 1.9
    assert not breaker.admits()
    clock.now += 0.1
    assert breaker.admits()
    breaker.answered()
    assert [breaker.admits() for _ in range(3)] == [True, True, True]
    assert shown("filmroll_dependency_away") == 0


def test_a_try_that_nobody_reports_is_followed_by_another() -> None:
    clock = Hand()
    breaker = opened(clock)
    clock.now += 2.0
    assert breaker.admits()  # and whoever was admitted is called off
    clock.now += UNREPORTED_S - 0.1
    assert not breaker.admits()
    clock.now += 0.1
    assert breaker.admits()


def test_it_rests_longer_where_a_try_had_to_wait() -> None:
    clock = Hand()
    breaker = opened(clock)
    clock.now += 2.0
    assert breaker.admits()
    clock.now += 5.0
    breaker.away()
    breaker.away()  # one that was on its way when it opened
    clock.now += SHARE * 5.0 - 0.1
    assert not breaker.admits()
    clock.now += 0.1
    assert breaker.admits()


def test_only_absence_counts_as_absence() -> None:
    breaker = Breaker("server", failures=1, clock=Hand())
    with pytest.raises(ValueError, match="nonsense"), breaker.calling():
        raise ValueError("nonsense")
    assert not breaker.open
    with pytest.raises(Unavailable, match="gone"), breaker.calling():
        raise Unavailable("gone")
    assert breaker.open
    before = shown("filmroll_dependency_refusals_total") or 0
    with pytest.raises(Unavailable, match="server is away"), breaker.calling():
        raise AssertionError("it was called")
    assert shown("filmroll_dependency_refusals_total") == before + 1


@asynccontextmanager
async def mute() -> AsyncIterator[tuple[int, list[object]]]:
    """A server that takes connections and says nothing; its port, and the connections."""
    taken: list[object] = []
    writers: list[asyncio.StreamWriter] = []

    async def take(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.append(writer)
        writers.append(writer)

    server = await asyncio.start_server(take, "127.0.0.1", 0, family=socket.AF_INET)
    try:
        yield server.sockets[0].getsockname()[1], taken
    finally:
        for writer in writers:
            writer.close()
        server.close()
        await server.wait_closed()


async def hold_up(call: Callable[[], Awaitable[object]], limit_s: float) -> None:
    """So many calls as open a breaker wait for their time limit together; the next ones don't wait at all."""

    async def refused() -> None:
        with pytest.raises(Unavailable):
            await call()

    began = time.monotonic()
    await asyncio.gather(*(refused() for _ in range(FAILURES)))
    assert time.monotonic() - began >= limit_s * 0.9
    began = time.monotonic()
    for _ in range(20):
        await refused()
    assert time.monotonic() - began < limit_s


async def test_a_search_server_that_hangs_holds_up_few() -> None:
    async with mute() as (port, _):
        search = OpenSearch(f"http://127.0.0.1:{port}")
        await hold_up(lambda: search.ask("GET", "/", timeout_s=1.5), 1.5)
        await search.close()


async def test_a_redis_that_hangs_holds_up_few() -> None:
    async with mute() as (port, _):
        client = connect(f"redis://127.0.0.1:{port}?socket_timeout=1.5")
        await hold_up(lambda: send(client, [("PING",)]), 1.5)
        await client.aclose()
