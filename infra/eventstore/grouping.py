"""Callers are coroutines, work is done by one thread: it takes all that waits and answers it together."""

import threading
import time
from asyncio import AbstractEventLoop, Future, get_running_loop
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Final, Generic, TypeVar

from commands.errors import Unavailable
from infra.slow import on_behalf_of

Ask = TypeVar("Ask")
Answer = TypeVar("Answer")
Together = Callable[[Sequence[Ask]], Sequence[Answer | Exception]]
"""Answers all that was asked, in order; an exception among the answers is raised for that caller alone."""

STUCK_S: Final = 30.0
"""Behind a group that has not been answered for so long, nobody is let wait any more."""


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Ask, Answer]):
    ask: Ask
    loop: AbstractEventLoop
    future: Future[Answer]
    context: Context


class Grouping(Generic[Ask, Answer]):
    """Gathers what callers of any event loop ask for; while one group is answered, the next one gathers."""

    def __init__(self, name: str, together: Together[Ask, Answer], *, limit: int, stuck_s: float = STUCK_S) -> None:
        self._together = together
        self._limit = limit
        self._stuck_s = stuck_s
        self._since: float | None = None  # the group under way was begun
        self._waiting: SimpleQueue[_Waiting[Ask, Answer] | None] = SimpleQueue()
        self._open = True
        self._gate = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    async def ask(self, ask: Ask) -> Answer:
        """The answer; a caller that is cancelled meanwhile may or may not have been answered.

        Raises `Unavailable` where nothing can be expected: what is asked hangs, or this is closed.
        """
        since = self._since
        if since is not None and time.monotonic() - since > self._stuck_s:
            raise Unavailable("the store does not answer")
        loop = get_running_loop()
        future: Future[Answer] = loop.create_future()
        with self._gate:  # never held for long: nothing is put behind the mark that closes
            if not self._open:
                raise Unavailable("the store is closed")
            self._waiting.put(_Waiting(ask, loop, future, copy_context()))
        return await future

    def close(self) -> None:
        """Answer what waits, and end; blocks until then. May be repeated."""
        with self._gate:
            if self._open:
                self._open = False
                self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        going = True
        while going:
            group: list[_Waiting[Ask, Answer]] = []
            going = self._gather(group)
            group = [each for each in group if not each.future.cancelled()]
            if group:
                self._since = time.monotonic()
                answers = self._answer(group)
                self._since = None
                self._deliver(group, answers)

    def _gather(self, group: list[_Waiting[Ask, Answer]]) -> bool:
        """Take the first that comes and all that is there by then; False when it was the last."""
        try:
            each = self._waiting.get()
            while each is not None:
                group.append(each)
                if len(group) >= self._limit:
                    return True
                each = self._waiting.get_nowait()
        except Empty:
            return True
        return False

    def _answer(self, group: Sequence[_Waiting[Ask, Answer]]) -> Sequence[Answer | Exception]:
        try:
            with on_behalf_of([each.context for each in group]):
                return self._together([each.ask for each in group])
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the callers' to know, and the thread lives on
            return [error] * len(group)

    def _deliver(self, group: Sequence[_Waiting[Ask, Answer]], answers: Sequence[Answer | Exception]) -> None:
        """One call into each event loop, however many of its callers are answered."""
        by_loop: dict[AbstractEventLoop, list[tuple[Future[Answer], Answer | Exception]]] = {}
        for each, answer in zip(group, answers, strict=True):
            by_loop.setdefault(each.loop, []).append((each.future, answer))
        for loop, settled in by_loop.items():
            call_into(loop, _settle, settled)


def call_into(loop: AbstractEventLoop, call: Callable[[Ask], object], argument: Ask) -> None:
    """Call from another thread; a loop that was closed meanwhile has nobody left who waits."""
    try:
        loop.call_soon_threadsafe(call, argument)
    except RuntimeError:
        if not loop.is_closed():
            raise


def _settle(settled: Sequence[tuple[Future[Answer], Answer | Exception]]) -> None:
    for future, answer in settled:
        if future.done():
            continue
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)
