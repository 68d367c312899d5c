"""Processes that are killed without warning after so many calls of our code, wherever that is."""

import asyncio
import os
import random
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from itertools import count
from multiprocessing import get_context

from projections.catalogue import BY_NAME
from projections.stores import Model, ReadModels, State
from streams.rebuild import rebuild, switch
from tests.projections.feeding import feed_all
from tests.projections.histories import World
from tests.streams.memory_log import MemoryLog

STEPS = [("join", 0, 0, 0), ("upload", 1, 0, 0), ("like", 2, 3, 0), ("comment", 1, 2, 0), ("like", 1, 0, 0)] * 40
OURS = ("/infra/sqlite/", "/infra/cassandra/", "/infra/redis/", "/infra/opensearch/", "/streams/", "/projections/")

Opened = Callable[[], AbstractAsyncContextManager[ReadModels]]
"""The read models of an installation, opened by whichever process calls."""
Work = Callable[[Opened, str], Awaitable[None]]


def history() -> MemoryLog:
    """Always the same, so that every process sees the same log."""
    return World(MemoryLog(3)).live(*STEPS).log


async def rebuilding(opened: Opened, name: str) -> None:
    """A rebuild in small batches."""
    async with opened() as models:
        await rebuild(BY_NAME[name], log=history(), models=models, batch=20)


async def prepared(opened: Opened, name: str) -> None:
    """A live build and one that is ready, both level with the log."""
    async with opened() as models:
        await feed_all(models, BY_NAME[name], history(), state=State.LIVE)
        await feed_all(models, BY_NAME[name], history(), state=State.READY)


async def switching(opened: Opened, name: str) -> None:
    """To the new build, back, and there again."""
    async with opened() as models:
        for build in (2, 1, 2):
            await switch(Model(name, build), BY_NAME[name], log=history(), models=models)


def calls_of(work: Work, opened: Opened, name: str) -> int:
    """How many calls of ours a whole run takes."""
    made = get_context("forkserver").Queue()
    process = get_context("forkserver").Process(target=_count, args=(work, opened, name, made))
    process.start()
    found = int(made.get(timeout=120))
    process.join(60)
    return found


def killed(work: Work, opened: Opened, name: str, at: int) -> bool:
    """Run it in a process that dies at that call; whether it got so far (the number of calls varies a little)."""
    process = get_context("forkserver").Process(target=_run, args=(work, opened, name, at))
    process.start()
    process.join(120)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def moments(calls: int, seed: int, number: int = 20) -> list[int]:
    """Random moments of a run."""
    draw = random.Random(seed)
    return sorted(draw.randrange(calls) for _ in range(number))


def _run(work: Work, opened: Opened, name: str, at: int) -> None:
    _watched(work, opened, name, lambda call: os.kill(os.getpid(), signal.SIGKILL) if call == at else None)


def _count(work: Work, opened: Opened, name: str, made) -> None:
    made.put(_watched(work, opened, name, lambda _: None))


def _watched(work: Work, opened: Opened, name: str, at_call: Callable[[int], None]) -> int:
    counted, last = count(1), 0

    def watch(frame, event, _) -> None:
        nonlocal last
        if event == "call" and any(part in frame.f_code.co_filename for part in OURS):
            last = next(counted)
            at_call(last)

    threading.setprofile(watch)
    sys.setprofile(watch)
    asyncio.run(work(opened, name))
    sys.setprofile(None)
    threading.setprofile(None)
    return last
