"""Processes beside the server that work for it: one that ends or outstays its time is replaced."""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import Any, Final, TypeVar

from pebble import ProcessExpired, ProcessPool

T = TypeVar("T")

_BREAKS: Final = 3  # how often one call sees the pool itself replaced before it gives up


class Processes:
    """So many processes, each of which begins with `begin(*given)`; calls beyond those at hand wait in line.

    `seconds` of wall-clock time are what one call may take. `what` they are called in errors.
    """

    def __init__(
        self, workers: int, seconds: float, begin: Callable[..., None], *given: Any, what: str = "processes"
    ) -> None:
        self.seconds = seconds
        self._workers = workers
        self._begin = begin
        self._given = given
        self._what = what
        self._pool: ProcessPool | None = None
        self._closed = False
        self._renewing = asyncio.Lock()
        self._seats = asyncio.Semaphore(2 * workers)  # a worker's next call is at hand, the others wait here
        self._under_way: set[asyncio.Future[Any]] = set()

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """Run in a process; a pool that broke (its idle processes were killed, say) is replaced and asked again.

        Raises what the function raises, `pebble.ProcessExpired` where the process or the pool ended under it,
        `TimeoutError` where it took too long, and `RuntimeError` once this is closed.
        """
        async with self._seats:
            for _ in range(_BREAKS):
                pool = await self._ready()
                try:
                    call = pool.schedule(function, args=args, timeout=self.seconds)
                except RuntimeError:
                    continue  # it broke in between
                result = asyncio.wrap_future(call)
                self._under_way.add(result)
                try:
                    return await result
                except BrokenProcessPool as error:
                    if call.running():  # begun, and maybe what broke it
                        raise ProcessExpired("The pool broke under it.") from error  # type: ignore[no-untyped-call]
                    continue
                finally:
                    self._under_way.discard(result)
            raise RuntimeError(f"The {self._what} can't be kept running; see the log for what ends them.")

    async def close(self) -> None:
        """Finish what is under way, at most for the seconds of one call, then end the processes.

        Calls still waiting, or not done by then, raise `RuntimeError`.
        """
        async with self._renewing:
            self._closed = True
            pool, self._pool = self._pool, None
            if pool is not None:
                await asyncio.to_thread(_end, pool, self.seconds)
                self._abandon(RuntimeError(f"The {self._what} are closed."))

    async def _ready(self) -> ProcessPool:
        async with self._renewing:
            if self._closed:
                raise RuntimeError(f"The {self._what} are closed.")
            if self._pool is None or not self._pool.active:
                old, self._pool = self._pool, None
                self._pool = await asyncio.to_thread(self._renewed, old)
                self._abandon(BrokenProcessPool("The pool was replaced."))
            return self._pool

    def _abandon(self, why: Exception) -> None:
        """Tell those who wait for a pool that is gone; it doesn't."""
        for result in self._under_way:
            if not result.done():
                result.set_exception(why)

    def _renewed(self, old: ProcessPool | None) -> ProcessPool:
        if old is not None:
            _end(old, 0)
        pool = ProcessPool(
            max_workers=self._workers,
            initializer=self._begin,
            initargs=self._given,
            context=multiprocessing.get_context("spawn"),
        )
        if not pool.active:  # asking starts it
            raise RuntimeError(f"The {self._what} can't be started.")
        return pool


def follow_server() -> None:
    """What every such process does first: it leaves Ctrl-C to the server, and ends with it, however that ends.

    Told to end, it does so at once: pebble's own handler waits until whatever is not Python returns, which may be never.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end(pool: ProcessPool, seconds: float) -> None:
    """End a pool's processes, with that long for what is under way; a broken pool's at once."""
    if seconds and pool.active:
        pool.close()  # type: ignore[no-untyped-call] # pebble's types are partial
        try:
            pool.join(timeout=seconds)
        except TimeoutError:
            pass
        else:
            return
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()


def _end_with_parent() -> None:
    """Wait for the server to end, and follow it at once."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
