"""A process that rebuilds one projection over a generated history; it goes on at every line that it is sent."""

import asyncio
import sys
from pathlib import Path

from projections.catalogue import BY_NAME
from streams.rebuild import rebuild
from tests.projections.feeding import sqlite_models
from tests.projections.histories import World
from tests.streams.memory_log import MemoryLog

STEPS = [("join", 0, 0, 0), ("upload", 1, 0, 0), ("like", 2, 3, 0), ("comment", 1, 2, 0), ("like", 1, 0, 0)] * 400


def history() -> MemoryLog:
    """Always the same, so that every process sees the same log."""
    return World(MemoryLog(4)).live(*STEPS).log


async def main(directory: Path, name: str) -> None:
    def say(outlook):
        print(outlook.done, flush=True)
        sys.stdin.readline()

    async with sqlite_models(directory) as models:
        await rebuild(BY_NAME[name], log=history(), models=models, report=say, batch=5)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
