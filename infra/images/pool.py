"""Rendering in processes beside the server: the adapter of the port `Darkroom`.

A file that crashes, starves or outstays its worker takes that one process with it. It is tried three times in all, and
then counts as spoiled; every other file goes on. The server itself never decodes a picture.
"""

import os
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import structlog
from pebble import ProcessExpired

from commands.ports import Developed, Exposed, Spoiled
from domain.images import RECIPE, Recipe
from infra.images import worker
from infra.images.worker import Job, Plates
from infra.processes import Processes

_log = structlog.get_logger(__name__)

TRIES: Final = 3


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
        self._limits = limits
        self._recipe = recipe
        workers = workers or os.cpu_count() or 1
        self._processes = Processes(
            workers, limits.seconds, worker.prepare, limits.memory_bytes, what="rendering processes"
        )

    async def start(self) -> tuple[int, ...]:
        """Start the workers and see that one of them can render: gives libvips' version, `ImportError` if too old."""
        return await self._processes.run(worker.libvips_version)

    async def develop(self, original: Exposed) -> Developed | Spoiled:
        """Read, check and render an original, and store its variants; asked again, it writes the same keys.

        What is wrong with the file is in the answer. What is wrong with the store is raised, and worth another try:
        `FileNotFoundError` where the original is not there (any more), `ConnectionError` where the store fails.
        """
        job = Job(original, self._plates, self._secret, self._recipe, self._limits.max_pixels)
        for number in range(1, TRIES + 1):
            try:
                return await self._processes.run(worker.develop, job)
            except (ProcessExpired, TimeoutError, worker.Defeated) as error:
                _log.warning("rendering failed", photo_id=original.photo_id, number=number, error=repr(error))
        return Spoiled("processing_failed", "The image could not be processed.")

    async def close(self) -> None:
        """Finish what the workers have, at most for the seconds of one file, then end them.

        Calls still waiting for a worker, or not done by then, raise `RuntimeError`.
        """
        await self._processes.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
