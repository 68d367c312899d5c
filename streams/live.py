"""The end of every log, for many who wait for what comes next: one look for all of them, and each page decoded once."""

import asyncio
from collections.abc import Mapping
from typing import Final

import structlog

from commands.errors import Unavailable
from domain.recorded import Recorded
from streams.ports import EventLog
from streams.tailing import Tail

POLL_S: Final = 0.5
"""How often the logs are looked at for what other processes commit."""

_log = structlog.get_logger(__name__)


class LiveFacts:
    """Facts as they are recorded; to be run while anybody waits."""

    def __init__(self, log: EventLog, *, poll_s: float = POLL_S) -> None:
        self._log = log
        self._poll_s = poll_s
        self._tails = [Tail(log, number) for number in range(log.logs)]
        self._heads: dict[int, int] = {}
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Look at the logs until cancelled; while the store is away, nothing new is known."""
        while True:
            try:
                heads = await self.heads()
                if heads != self._heads:
                    self._heads = heads
                    news, self._news = self._news, asyncio.Event()
                    news.set()
                await self._log.wait(heads, self._poll_s)
            except Unavailable as error:
                _log.warning("what is recorded can't be followed", error=str(error))
                await asyncio.sleep(self._poll_s)

    async def heads(self) -> dict[int, int]:
        """How far each log goes now."""
        numbers = await asyncio.gather(*(self._log.head(log) for log in range(self._log.logs)))
        return dict(enumerate(numbers))

    async def after(self, log: int, number: int) -> tuple[list[Recorded], int]:
        """The next facts of a log, and up to which number nothing else is left to read before them."""
        if self._heads.get(log, 0) <= number:
            return [], number
        return await self._tails[log].after(number)

    async def wait(self, reached: Mapping[int, int], timeout: float) -> bool:  # noqa: ASYNC109 - callers pass it on
        """Until a log goes further than that; False when `timeout` seconds went by."""
        news = self._news
        if any(number > reached.get(log, 0) for log, number in self._heads.items()):
            return True
        try:
            async with asyncio.timeout(timeout):
                await news.wait()
        except TimeoutError:
            return False
        return True
