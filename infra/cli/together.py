"""`filmroll up`: the API, relay, workers, media workers and, where a model is set, one that detects, as children of one process."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from pathlib import Path
from typing import Annotated, Final, Literal

import typer
from rich.console import Console

from infra.bootstrap import open_core
from infra.settings import Settings
from infra.stack import control
from infra.stack.layout import DEFAULT_ROOT

_COLOURS: Final = ("cyan", "magenta", "green", "yellow", "blue")
_STOP_S: Final = 30.0
_AGAIN_S: Final = 1.0


def up(
    profile: Annotated[Literal["cluster"], typer.Option(help="What runs as several processes.")] = "cluster",
    host: Annotated[str, typer.Option(help="Address of the API.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, help="Port of the API; 0 for a free one, which it keeps.")] = 8080,
    data: Annotated[Path, typer.Option(help="Folder of the installation's secret.")] = Path("filmroll-data"),
    stack: Annotated[Path, typer.Option(help="The servers that 'filmroll stack up' started.")] = DEFAULT_ROOT,
    workers: Annotated[int, typer.Option(min=1, help="Workers that each feed all read models.")] = 1,
) -> None:
    """Run the cluster profile on servers that are up; all processes stop together."""
    environment = {
        **control.environment(stack),
        **os.environ,
        "FILMROLL_PROFILE": profile,
        "FILMROLL_DATA": str(data.absolute()),
    }
    os.environ.update(environment)
    settings = Settings()
    commands = {
        "api": ["serve", "--host", host, "--port", str(port or _free_port(host))],
        "relay": ["relay"],
        **{f"worker-{number}": ["worker", "all"] for number in range(1, workers + 1)},
        "media": ["worker", "media"],
        **({"detection": ["worker", "detection"]} if settings.detect_model else {}),
    }
    asyncio.run(_found(settings))
    asyncio.run(keep(commands))


def _free_port(host: str) -> int:
    """One for the API's whole life: started again, it has to be where its clients know it."""
    with socket.create_server((host, 0)) as found:
        return int(found.getsockname()[1])


async def _found(settings: Settings) -> None:
    """Make what is missing in the servers, once, before the processes look for it."""
    async with open_core(settings, create=True):
        pass


async def keep(commands: dict[str, list[str]]) -> None:
    """Run these commands of this program until told to stop, or until nobody reads what they print; none outlives it."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    console = Console(highlight=False, soft_wrap=True)
    async with asyncio.TaskGroup() as group:
        for (name, command), colour in zip(commands.items(), _COLOURS * len(commands), strict=False):
            group.create_task(_keep(name, command, colour, console, stop))


async def _keep(name: str, command: list[str], colour: str, console: Console, stop: asyncio.Event) -> None:
    """Run one process, again and again while it ends by itself, until told to stop."""
    while not stop.is_set():
        process = await asyncio.create_subprocess_exec(
            sys.argv[0], *command, stdout=PIPE, stderr=STDOUT, start_new_session=True
        )
        reader = asyncio.create_task(_read(process, f"[{colour}]{name:<9}[/{colour}] ", console))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({reader, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not stop.is_set():
                await asyncio.gather(reader, process.wait())
        finally:
            stopping.cancel()
            await _end(process)
        await reader
        if not stop.is_set():
            console.print(f"[{colour}]{name:<9}[/{colour}] [red]ended with {process.returncode}; starts again[/red]")
            try:
                async with asyncio.timeout(_AGAIN_S):
                    await stop.wait()
            except TimeoutError:
                continue


async def _read(process: Process, prefix: str, console: Console) -> None:
    assert process.stdout is not None
    async for line in process.stdout:
        console.print(prefix, end="")
        console.print(line.decode(errors="replace").rstrip("\n"), markup=False)


async def _end(process: Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(_STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
