"""Callers wait as coroutines, one thread answers: each gets their own answer, whatever happens to the others."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from commands.errors import Unavailable
from infra.eventstore.grouping import Grouping


class Slow:
    """Doubles numbers once its gate is open, and remembers what came together; hates thirteen."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.groups: list[list[int]] = []

    def __call__(self, asked: Sequence[int]) -> list[int | Exception]:
        assert self.gate.wait(60)
        self.groups.append(list(asked))
        if 666 in asked:
            raise RuntimeError("a bug")
        return [LookupError(each) if each == 13 else 2 * each for each in asked]


@pytest.fixture
def slow() -> Slow:
    return Slow()


async def ask_all(grouping: Grouping[int, int], *asks: int) -> list[asyncio.Future[int]]:
    asked = [asyncio.ensure_future(grouping.ask(each)) for each in asks]
    await asyncio.wait(asked, timeout=0)
    return asked


async def test_what_waits_is_answered_together_and_each_for_itself(slow: Slow) -> None:
    grouping = Grouping("test", slow, limit=3)
    asked = await ask_all(grouping, 1, 2, 13, 4, 5)
    slow.gate.set()
    assert [repr(each) for each in await asyncio.gather(*asked, return_exceptions=True)] == [
        "2", "4", "LookupError(13)", "8", "10",
    ]  # fmt: skip
    assert [each for group in slow.groups for each in group] == [1, 2, 13, 4, 5]
    assert max(map(len, slow.groups)) <= 3
    grouping.close()


async def test_a_bug_reaches_the_callers_and_the_next_group_is_answered(slow: Slow) -> None:
    grouping = Grouping("test", slow, limit=10)
    slow.gate.set()
    with pytest.raises(RuntimeError, match="a bug"):
        await grouping.ask(666)
    assert await grouping.ask(1) == 2
    grouping.close()


async def test_closing_answers_what_waits_and_takes_no_more(slow: Slow) -> None:
    grouping = Grouping("test", slow, limit=2)
    asked = await ask_all(grouping, 1, 2, 3, 4, 5)
    closing = asyncio.ensure_future(asyncio.to_thread(grouping.close))
    slow.gate.set()
    await closing
    assert await asyncio.gather(*asked) == [2, 4, 6, 8, 10]
    with pytest.raises(Unavailable):
        await grouping.ask(6)
    grouping.close()


async def test_behind_what_hangs_nobody_is_let_wait_and_once_it_goes_on_all_are_answered(slow: Slow) -> None:
    grouping = Grouping("test", slow, limit=10, stuck_s=0.0)
    asked = await ask_all(grouping, 1)
    refused = None
    async with asyncio.timeout(60):
        while refused is None:  # until the thread has taken the first
            (tried,) = await ask_all(grouping, 2)
            refused = tried.exception() if tried.done() else None
            asked += [] if tried.done() else [tried]
    assert isinstance(refused, Unavailable)
    slow.gate.set()
    assert set(await asyncio.gather(*asked)) <= {2, 4}
    assert await grouping.ask(3) == 6
    grouping.close()


async def test_a_loop_that_was_closed_meanwhile_takes_nobody_along(slow: Slow) -> None:
    grouping = Grouping("test", slow, limit=10)

    def ask_and_leave() -> None:
        loop = asyncio.new_event_loop()
        task = loop.create_task(ask_ignoring_the_end(grouping))
        loop.run_until_complete(asyncio.wait([task], timeout=0))
        loop.close()
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # this is what the test is about

    await asyncio.to_thread(ask_and_leave)
    asked = await ask_all(grouping, 2, 3)
    slow.gate.set()
    assert await asyncio.gather(*asked) == [4, 6]
    assert 1 in [each for group in slow.groups for each in group]
    grouping.close()


async def ask_ignoring_the_end(grouping: Grouping[int, int]) -> None:
    await grouping.ask(1)
