"""Rendering in processes beside the server: the adapter of the port `Darkroom`.

A file that crashes, starves or outstays its worker takes that one process with it. It is tried three times in all, and
then counts as spoiled; every other file goes on. The server itself never decodes a picture.
"""

import asyncio
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import structlog
from pebble import ProcessExpired, ProcessPool

from commands.ports import Developed, Exposed, Spoiled
from domain.images import RECIPE, Recipe
from infra.images import worker
from infra.images.worker import Job, Plates

T = TypeVar("T")

_log = structlog.get_logger(__name__)

TRIES: Final = 3
_BREAKS: Final = 3  # how often one call sees the pool itself replaced before it gives up


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost: wall-clock seconds, address space of its process (0: no limit), pixels."""

    seconds: float = 60.0
    memory_bytes: int = 3 << 30
    max_pixels: int = 100_000_000


class VipsDarkroom:
    """Develops originals with libvips, as many at once as there are workers; the others wait in line."""

    def __init__(
        self,
        plates: Plates,
        secret: bytes,
        *,
        workers: int = 0,
        limits: Limits = Limits(),
        recipe: Recipe = RECIPE,
    ) -> None:
        """`secret` makes the variants' keys unguessable and must stay the same; 0 workers means one for each core."""
        self._plates = plates
        self._secret = secret
        self._workers = workers or os.cpu_count() or 1
        self._limits = limits
        self._recipe = recipe
        self._pool: ProcessPool | None = None
        self._closed = False
        self._renewing = asyncio.Lock()
        self._seats = asyncio.Semaphore(2 * self._workers)  # a worker's next file is at hand, the others wait here
        self._under_way: set[asyncio.Future[Any]] = set()

    async def start(self) -> tuple[int, ...]:
        """Start the workers and see that one of them can render: gives libvips' version, `ImportError` if too old."""
        return await self._run(worker.libvips_version)

    async def develop(self, original: Exposed) -> Developed | Spoiled:
        """Read, check and render an original, and store its variants; asked again, it writes the same keys.

        What is wrong with the file is in the answer. What is wrong with the store is raised, and worth another try:
        `FileNotFoundError` where the original is not there (any more), `ConnectionError` where the store fails.
        """
        job = Job(original, self._plates, self._secret, self._recipe, self._limits.max_pixels)
        for number in range(1, TRIES + 1):
            try:
                return await self._run(worker.develop, job)
            except (ProcessExpired, TimeoutError, worker.Defeated) as error:
                _log.warning("rendering failed", photo_id=original.photo_id, number=number, error=repr(error))
        return Spoiled("processing_failed", "The image could not be processed.")

    async def close(self) -> None:
        """Finish what the workers have, at most for the seconds of one file, then end them.

        Calls still waiting for a worker, or not done by then, raise `RuntimeError`.
        """
        async with self._renewing:
            self._closed = True
            pool, self._pool = self._pool, None
            if pool is not None:
                await asyncio.to_thread(_end, pool, self._limits.seconds)
                self._abandon(RuntimeError("The darkroom is closed."))

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _run(self, function: Callable[..., T], *args: Any) -> T:
        """Run in a worker; a pool that broke (its idle workers were killed, say) is replaced and asked again."""
        async with self._seats:
            for _ in range(_BREAKS):
                pool = await self._ready()
                try:
                    result = asyncio.wrap_future(pool.schedule(function, args=args, timeout=self._limits.seconds))
                except RuntimeError:
                    continue  # it broke in between
                self._under_way.add(result)
                try:
                    return await result
                except BrokenProcessPool:
                    continue
                finally:
                    self._under_way.discard(result)
            raise RuntimeError("The rendering processes can't be kept running; see the log for what ends them.")

    async def _ready(self) -> ProcessPool:
        async with self._renewing:
            if self._closed:
                raise RuntimeError("The darkroom is closed.")
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
            initializer=worker.prepare,
            initargs=(self._limits.memory_bytes,),
            context=multiprocessing.get_context("spawn"),
        )
        if not pool.active:  # asking starts it
            raise RuntimeError("The rendering processes can't be started.")
        return pool


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
