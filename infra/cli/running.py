"""What the commands that run for ever have in common: they end when told to, and say why when they must."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

import structlog
import uvloop
from prometheus_client import start_http_server

from infra.kafka.assembling import Service
from infra.logs import configure_logs
from infra.settings import Settings
from streams.broker import StalledError

_STOP_S: Final = 20.0

_log = structlog.get_logger(__name__)


def run_until_stopped(settings: Settings, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run until SIGTERM or SIGINT, which end it cleanly; a stall ends the process with status 1."""
    configure_logs(settings)
    if settings.metrics_port:
        start_http_server(settings.metrics_port, settings.host)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        stopped = runner.run(_until_told(work))
    if not stopped:
        sys.exit(1)


async def all_of(services: Sequence[Service]) -> None:
    """Run services side by side; the first that fails ends the others."""
    try:
        async with asyncio.TaskGroup() as group:
            for service in services:
                group.create_task(service.run())
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed


async def _until_told(work: Callable[[], Coroutine[Any, Any, None]]) -> bool:
    loop, task = asyncio.get_running_loop(), asyncio.create_task(work())
    told = asyncio.Event()

    def stop() -> None:
        told.set()
        _hard_end()
        task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        await task
    except asyncio.CancelledError:
        _log.info("stopped", told=told.is_set())
        return told.is_set()
    except StalledError as stalled:
        _hard_end()
        _log.critical("worker ends, to be started again", reason=str(stalled))
        return False
    return True


def _hard_end() -> None:
    """What hangs while it stops is ended all the same."""
    timer = threading.Timer(_STOP_S, os._exit, [1])
    timer.daemon = True
    timer.start()
