"""The port `Tallies` in memory: for one process, which is all there is embedded."""

import time
from collections.abc import Callable
from typing import Final

_MOST: Final = 100_000


class MemoryTallies:
    """Counts by key and window; those whose window is over are forgotten when there are many."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._counts: dict[str, tuple[float, int]] = {}

    async def add(self, key: str, by: int, *, window_s: int) -> tuple[int, int]:
        """The count in this window after adding, and in how many seconds the window is over."""
        now = self._clock()
        end = (now // window_s + 1) * window_s
        until, count = self._counts.get(key, (end, 0))
        count = max(0, by + (count if until == end else 0))
        if count:
            self._counts[key] = (end, count)
        else:
            self._counts.pop(key, None)
        if len(self._counts) > _MOST:
            self._counts = {each: held for each, held in self._counts.items() if held[0] > now}
        return count, max(1, round(end - now))
