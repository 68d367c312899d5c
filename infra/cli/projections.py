"""`filmroll projections`: watch, rebuild, compare and switch read models."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from infra.bootstrap import open_core
from infra.cli import comparing, watching
from infra.cli.asking import Data, refused, settings_for
from infra.cli.builds import Build, Name, Which, builds_of, model_of, named, projection_of
from infra.core import Core
from infra.settings import Settings
from projections.rows import Projection
from projections.stores import Model, Pauses, PoisonedError, RebuildRunningError, State
from streams import rebuild as rebuilding

app = typer.Typer(help="Read models: status, rebuild, verify, switch.", no_args_is_help=True)
app.command("list")(watching.list_projections)
app.command()(watching.status)
app.command()(comparing.verify)
app.command()(comparing.diff)

T = TypeVar("T")


@app.command()
def rebuild(
    name: Name,
    parallel: Annotated[int, typer.Option(min=1, help="Logs that are read at the same time.")] = 4,
    data: Data = None,
) -> None:
    """Build a read model anew from the whole log, beside the one that is live; run again, it goes on where it was."""
    projection = projection_of(name)
    try:
        model = asyncio.run(_rebuild(settings_for(data), projection, parallel))
    except PoisonedError as error:
        typer.echo(f"stopped: {error}: {error.__cause__!r}", err=True)
        raise typer.Exit(1) from error
    except RebuildRunningError as error:
        raise refused(error) from error
    typer.echo(f"{model} is ready; 'filmroll projections switch {model}' lets reads use it")


@app.command()
def switch(build: Build, data: Data = None) -> None:
    """Let reads use a build that is ready, or the one before again; no request is lost."""
    model = model_of(build)

    async def act(core: Core) -> None:
        await rebuilding.switch(model, projection_of(model.projection), log=core.store, models=core.models)

    _do(data, act)
    typer.echo(f"reads use {model}")


@app.command()
def rollback(name: Name, data: Data = None) -> None:
    """Let reads use the build that was live before the last switch."""
    projection = projection_of(name)

    async def act(core: Core) -> Model:
        retired = [each.model for each in await builds_of(core.models, projection) if each.state is State.RETIRED]
        if len(retired) != 1:
            raise LookupError(
                f"{name} has {len(retired)} retired builds; name the one to go back to with 'switch'"
                if retired
                else f"{name} has no retired build to go back to"
            )
        await rebuilding.switch(retired[0], projection, log=core.store, models=core.models)
        return retired[0]

    typer.echo(f"reads use {_do(data, act)} again")


@app.command()
def drop(build: Build, data: Data = None) -> None:
    """End a build that is not live, with everything in it."""
    model = model_of(build)
    _do(data, lambda core: core.models.drop(model))
    typer.echo(f"{model} is gone")


@app.command()
def pause(which: Which, data: Data = None) -> None:
    """Hold a read model where it stands: reads go on, what happens waits in the log."""
    _pause(which, data, paused=True)


@app.command()
def resume(which: Which, data: Data = None) -> None:
    """Let a paused read model catch up and follow again."""
    _pause(which, data, paused=False)


def _pause(which: str, data: Data, *, paused: bool) -> None:
    projection, asked = named(which)

    async def act(core: Core) -> list[Model]:
        if not isinstance(core.models, Pauses):
            raise LookupError(f"the read models of the {core.settings.profile} profile can't be paused")  # noqa: TRY004
        models = [asked] if asked else [status.model for status in await builds_of(core.models, projection)]
        for model in models:
            await core.models.pause(model, paused=paused)
        return models

    for model in _do(data, act):
        typer.echo(f"{model} is {'paused' if paused else 'fed again'}")


def _do(data: Data, act: Callable[[Core], Awaitable[T]]) -> T:
    async def run() -> T:
        async with open_core(settings_for(data)) as core:
            return await act(core)

    try:
        return asyncio.run(run())
    except (ValueError, LookupError) as error:
        raise refused(error) from error


async def _rebuild(settings: Settings, projection: Projection, parallel: int) -> Model:
    bar = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rate]} events/s"))
    async with open_core(settings) as core:
        with Progress(*bar, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
            task = progress.add_task(f"rebuilding {projection.name}", total=None, rate="-")

            def report(outlook: rebuilding.Outlook) -> None:
                progress.update(task, completed=outlook.done, total=outlook.total, rate=f"{outlook.rate:,.0f}")

            return await rebuilding.rebuild(
                projection, log=core.store, models=core.models, report=report, parallel=parallel
            )
