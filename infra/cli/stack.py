"""`filmroll stack`: the cluster profile's servers, natively, for development and tests."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infra.stack import control, reading
from infra.stack.errors import StackError
from infra.stack.layout import DEFAULT_ROOT, default_cache
from infra.stack.services import one

app = typer.Typer(
    help="Kafka, Cassandra, OpenSearch, MinIO, PostgreSQL and Redis, natively, for development and tests.",
    no_args_is_help=True,
)

Root = Annotated[
    Path, typer.Option("--dir", help="Where the stack keeps its data, logs and state.", show_default=".stack")
]
Server = Annotated[str, typer.Argument(help="A server, as 'status' lists them.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]

COLOURS = {"answers": "green", "silent": "yellow", "dead": "red", "stopped": "dim"}


def _report(service: str, message: str) -> None:
    Console(stderr=True, highlight=False).print(f"[bold]{service:<19}[/bold]{escape(message)}")


@contextmanager
def _plainly() -> Iterator[None]:
    """What went wrong in a sentence, not as a traceback; exit status 1."""
    try:
        yield
    except StackError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


@app.command()
def up(
    services: Annotated[
        list[str] | None, typer.Argument(help="Servers to start; all of them when none is named.")
    ] = None,
    root: Root = DEFAULT_ROOT,
    cache: Annotated[
        Path | None, typer.Option(help="Where fetched software is kept.", show_default="~/.cache/filmroll/stack")
    ] = None,
    base: Annotated[int | None, typer.Option(help="The first port; by default the first free range.")] = None,
    available: Annotated[bool, typer.Option("--available", help="Start what can be started, if not all can.")] = False,
) -> None:
    """Fetch, configure and start servers, and wait until each answers; those that run are left alone."""
    store, wanted = cache or default_cache(), services or []
    with _plainly():
        lacking = control.missing(wanted, store)
        for lack in lacking:
            typer.echo(str(lack), err=True)
        if lacking and not available:
            raise typer.Exit(1)
        control.up(root, store, wanted, _report, base=base, available=available)
    if lacking:
        raise typer.Exit(1)


@app.command()
def down(
    root: Root = DEFAULT_ROOT, wipe: Annotated[bool, typer.Option("--wipe", help="Remove the data too.")] = False
) -> None:
    """Stop the servers that 'up' started."""
    with _plainly():
        control.down(root, _report, wipe=wipe)


@app.command()
def status(root: Root = DEFAULT_ROOT, as_json: AsJson = False) -> None:
    """How each server does; exit status 1 if one that was started does not answer."""
    standings = reading.status(root)
    if as_json:
        typer.echo(json.dumps([asdict(standing) for standing in standings]))
    else:
        Console().print(_table(standings))
    if any(standing.condition in ("silent", "dead") for standing in standings):
        raise typer.Exit(1)


def _table(standings: list[reading.Standing]) -> Table:
    table = Table("server", "condition", box=None)
    for heading in ("port", "pid", "uptime", "memory"):
        table.add_column(heading, justify="right")
    for each in standings:
        uptime = "" if each.uptime_seconds is None else str(timedelta(seconds=int(each.uptime_seconds)))
        memory = "" if each.memory_bytes is None else f"{each.memory_bytes / 2**20:,.0f} MiB"
        condition = f"[{COLOURS[each.condition]}]{each.condition}[/]"
        table.add_row(each.name, condition, str(each.port or ""), str(each.pid or ""), uptime, memory)
    return table


@app.command()
def logs(
    server: Server,
    root: Root = DEFAULT_ROOT,
    lines: Annotated[int, typer.Option("-n", help="How many of the last lines.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until interrupted.")] = False,
) -> None:
    """What a server logged."""
    with _plainly():
        one(server)
        for line in reading.log(root, server, lines):
            typer.echo(line)
        if follow:
            for line in reading.follow(root, server):
                typer.echo(line)


@app.command()
def restart(server: Server, root: Root = DEFAULT_ROOT) -> None:
    """Stop a server and start it again; its data stays."""
    with _plainly():
        control.restart(root, server, _report)


@app.command()
def kill(server: Server, root: Root = DEFAULT_ROOT) -> None:
    """End a server without warning (kill -9), to see what happens."""
    with _plainly():
        control.kill(root, server)


@app.command()
def env(root: Root = DEFAULT_ROOT, as_json: AsJson = False) -> None:
    """The program's settings for the servers that run now, for a shell to evaluate; they carry passwords."""
    with _plainly():
        settings = control.environment(root)
    if as_json:
        typer.echo(json.dumps(settings))
    else:
        for name, value in settings.items():
            typer.echo(f"export {name}='{value}'")
