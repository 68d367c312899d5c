"""How far each log was committed by this process, and who waits for it to go on."""

import asyncio
import threading
from asyncio import AbstractEventLoop, Future
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from infra.eventstore.grouping import call_into


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    after: Mapping[int, int]
    loop: AbstractEventLoop
    future: Future[None]


class Heads:
    """Numbers by log, that a thread moves on and coroutines of any loop wait for."""

    def __init__(self) -> None:
        self._gate = threading.Lock()
        self._heads: dict[int, int] = {}
        self._waiting: set[_Waiting] = set()

    def reached(self, positions: Iterable[tuple[int, int]]) -> None:
        """Logs were committed up to these numbers; wakes who waited for one of them."""
        with self._gate:
            for log, number in positions:
                self._heads[log] = max(number, self._heads.get(log, 0))
            woken = {each for each in self._waiting if self._past(each.after)}
            self._waiting -= woken
        for each in woken:
            call_into(each.loop, _wake, each.future)

    async def wait(self, after: Mapping[int, int], timeout: float) -> bool:  # noqa: ASYNC109 - the port's word
        """Wait until one of the logs named has passed its number; False when the time went by."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(after, loop, loop.create_future())
        with self._gate:
            if self._past(after):
                return True
            self._waiting.add(waiting)
        try:
            await asyncio.wait_for(waiting.future, timeout)
        except TimeoutError:
            return False
        finally:
            with self._gate:
                self._waiting.discard(waiting)
        return True

    def _past(self, after: Mapping[int, int]) -> bool:
        return any(self._heads.get(log, 0) > number for log, number in after.items())


def _wake(future: Future[None]) -> None:
    if not future.done():
        future.set_result(None)
