"""What Faust brings is taken in order, together where it comes together, and nobody wakes while nothing comes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from streams.broker import takes


class Stream:
    """What of a Faust stream takes part in taking; over a queue in memory."""

    def __init__(self) -> None:
        self.channel = self
        self.enable_acks = True
        self.should_stop = False
        self.current_event: bytes | None = None
        self.waits = 0
        self._processors: list[Any] = []
        self._queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []

    def bring(self, *events: bytes) -> None:
        for event in events:
            self._queue.put_nowait(event)

    def left(self) -> int:
        return self._queue.qsize()

    def add_processor(self, processor: Any) -> None:
        self._processors.append(processor)

    def _enable_passive(self, events: AsyncIterator[bytes]) -> None:
        self._tasks.append(asyncio.create_task(self._drain(events)))

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        return await self._queue.get()

    async def _drain(self, events: AsyncIterator[bytes]) -> None:
        async for event in events:
            self.current_event = event
            for processor in self._processors:
                assert await processor(event) == event

    async def wait(self, event: asyncio.Event) -> None:
        await event.wait()

    async def wait_for_stopped(self, event: asyncio.Event, timeout: float | None = None) -> bool:  # noqa: ASYNC109
        self.waits += 1
        try:
            async with asyncio.timeout(timeout):
                await event.wait()
        except TimeoutError:
            pass
        return self.should_stop

    async def stop(self) -> None:
        self.should_stop = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@pytest.fixture
async def stream():
    made = Stream()
    yield made
    await made.stop()


def numbered(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(count)]


async def test_everything_is_taken_once_in_order_and_never_too_much_at_a_time(stream) -> None:
    stream.bring(*numbered(20))
    batches = []
    async for batch in takes(stream, 4, within_s=60):
        assert not stream.enable_acks
        batches.append(batch)
        if len(batches) == 2:
            break
    assert batches == [numbered(4), numbered(8)[4:]]
    assert stream.left() >= 20 - 8 - 4 - 1  # who applies slowly is not brought ever more


async def test_what_comes_while_the_last_is_applied_comes_next(stream) -> None:
    stream.bring(b"0")
    taking = takes(stream, 4, within_s=0.001)
    assert await anext(taking) == [b"0"]
    stream.bring(b"1", b"2", b"3", b"4", b"5")
    rest = await anext(taking)
    while len(rest) < 5:
        rest += await anext(taking)
    assert rest == [b"1", b"2", b"3", b"4", b"5"]
    await taking.aclose()
    assert stream.enable_acks
    assert stream._processors == []


async def test_nobody_wakes_while_nothing_comes(stream) -> None:
    taking = takes(stream, 4, within_s=0.001)
    coming = asyncio.create_task(anext(taking))
    for _ in range(20):
        await asyncio.sleep(0.005)
    assert stream.waits == 1
    stream.bring(b"first")
    assert await coming == [b"first"]
    await taking.aclose()


async def test_a_stream_that_ends_ends_the_taking(stream) -> None:
    stream.should_stop = True
    assert [batch async for batch in takes(stream, 4)] == []
