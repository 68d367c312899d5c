"""The end of a log, read and decoded once for all read models that follow it in step."""

import asyncio
from bisect import bisect_right
from typing import Final

from domain.recorded import Recorded
from streams.ports import EventLog

PAGE: Final = 1_000
_KEPT: Final = 4 * PAGE


class Tail:
    """The last few pages of a log; whoever lags further behind reads from the log itself."""

    def __init__(self, source: EventLog, log: int) -> None:
        self._source = source
        self._log = log
        self._turn = asyncio.Lock()
        self._facts: list[Recorded] = []
        self._start = 0
        self._end = 0

    async def after(self, number: int) -> tuple[list[Recorded], int]:
        """Facts after a number, and up to which number nothing else is left to read before them."""
        async with self._turn:
            if number >= self._end:
                return await self._read_on(number)
            if number >= self._start:
                at = bisect_right(self._facts, number, key=lambda fact: fact.position.number)
                return self._facts[at : at + PAGE], self._end_of(at + PAGE)
        page = await self._source.read(self._log, number, PAGE)
        return list(page.facts), page.last

    async def _read_on(self, number: int) -> tuple[list[Recorded], int]:
        page = await self._source.read(self._log, number, PAGE)
        if number > self._end:
            self._facts, self._start = [], number
        self._facts.extend(page.facts)
        self._end = page.last
        surplus = len(self._facts) - _KEPT
        if surplus > 0:
            self._start = self._facts[surplus - 1].position.number
            del self._facts[:surplus]
        return list(page.facts), page.last

    def _end_of(self, at: int) -> int:
        return self._end if at >= len(self._facts) else self._facts[at - 1].position.number
