"""`filmroll projections`: watch, rebuild and switch read models."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from infra.bootstrap import open_core
from infra.settings import Settings
from projections.catalogue import BY_NAME
from projections.rows import Projection
from projections.stores import Model, PoisonedError, RebuildRunningError
from streams import rebuild as rebuilding

app = typer.Typer(help="Read models: status, rebuild, switch.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A projection, as 'status' lists them.")]
Data = Annotated[Path | None, typer.Option(help="Folder of the installation.")]


@app.command()
def status(data: Data = None) -> None:
    """Show every build of every read model: what it is for, how far it is, what it could not apply."""
    asyncio.run(_status(_settings(data)))


@app.command()
def rebuild(name: Name, data: Data = None) -> None:
    """Build a read model anew from the whole log, beside the one that is live; run again, it goes on where it was."""
    projection = _projection(name)
    try:
        model = asyncio.run(_rebuild(_settings(data), projection))
    except PoisonedError as error:
        typer.echo(f"stopped: {error}: {error.__cause__!r}", err=True)
        raise typer.Exit(1) from error
    except RebuildRunningError as error:
        typer.echo(f"refused: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{model} is ready; 'filmroll projections switch {model}' lets reads use it")


@app.command()
def switch(
    model: Annotated[str, typer.Argument(metavar="NAME@BUILD", help="The build that reads are to use.")],
    data: Data = None,
) -> None:
    """Let reads use a build that is ready, or the one before again; no request is lost."""
    name, _, build = model.partition("@")
    projection = _projection(name)
    if not build.isdecimal():
        raise typer.BadParameter("say which build, as in likes@2", param_hint="NAME@BUILD")
    try:
        asyncio.run(_switch(_settings(data), projection, Model(name, int(build))))
    except (ValueError, LookupError) as error:
        typer.echo(f"refused: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"reads use {model}")


async def _status(settings: Settings) -> None:
    table = Table("build", "state", "code", "positions", "behind", "dead letters", box=None, header_style="bold")
    async with open_core(settings) as core:
        heads = {log: await core.store.head(log) for log in range(core.store.logs)}
        for known in await core.models.status():
            behind = sum(max(0, head - known.checkpoints.get(log, 0)) for log, head in heads.items())
            positions = ", ".join(f"{log}:{known.checkpoints.get(log, 0)}" for log in heads)
            row = (known.model, known.state, known.code_version, positions, behind, known.dead_letters)
            table.add_row(*map(str, row), style="bold" if known.state == "live" else "")
    Console().print(table)


async def _rebuild(settings: Settings, projection: Projection) -> Model:
    bar = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rate]} events/s"))
    async with open_core(settings) as core:
        with Progress(*bar, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
            task = progress.add_task(f"rebuilding {projection.name}", total=None, rate="-")

            def report(outlook: rebuilding.Outlook) -> None:
                progress.update(task, completed=outlook.done, total=outlook.total, rate=f"{outlook.rate:,.0f}")

            return await rebuilding.rebuild(projection, log=core.store, models=core.models, report=report)


async def _switch(settings: Settings, projection: Projection, model: Model) -> None:
    async with open_core(settings) as core:
        await rebuilding.switch(model, projection, log=core.store, models=core.models)


def _projection(name: str) -> Projection:
    if name not in BY_NAME:
        raise typer.BadParameter(f"there is {', '.join(sorted(BY_NAME))}", param_hint="NAME")
    return BY_NAME[name]


def _settings(data: Path | None) -> Settings:
    return Settings() if data is None else Settings(data=data)
