"""`filmroll letters`: events that a read model could not apply, and those that wait behind them."""

import asyncio
from collections.abc import Iterable
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from domain.positions import Position
from domain.recorded import Recorded
from infra.bootstrap import open_core
from infra.cli.asking import Data, Personal, moment, refused, settings_for
from infra.cli.builds import Build, Which, builds_of, model_of, named
from infra.cli.events import shown
from infra.core import Core
from infra.settings import Settings
from projections.catalogue import CATALOGUE
from projections.rows import Projection
from projections.stores import DeadLetter, Letters, Model
from streams.letters import MOST, sequences
from streams.letters import retry as try_again
from streams.moments import fact_at

app = typer.Typer(help="Dead letters: what read models could not apply.", no_args_is_help=True)

Place = Annotated[str, typer.Argument(metavar="POSITION", help="Where the event is, as in 0:1200.")]


@app.command("list")
def list_letters(
    which: Annotated[str | None, typer.Argument(metavar="[NAME[@BUILD]]", help="Of which read model; all.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines, one for each letter.")] = False,
    data: Data = None,
) -> None:
    """Show what is parked, stream by stream, in the order in which it will be tried again."""
    chosen = None if which is None else named(which)
    letters = asyncio.run(_list(settings_for(data), chosen))
    if as_json:
        for letter in letters:
            typer.echo(orjson.dumps(_summary(letter)).decode())
        return
    table = Table("build", "position", "stream", "event", "error", "parked at", box=None, header_style="bold")
    for letter in letters:
        table.add_row(*map(str, _summary(letter).values()))
    Console().print(table)


@app.command()
def show(build: Build, position: Place, personal: Personal = False, data: Data = None) -> None:
    """Show one letter: the event, the error, and where in the code it was raised."""
    model, place = model_of(build), _place(position)
    try:
        letter, fact = asyncio.run(_show(settings_for(data), model, place, personal))
    except LookupError as error:
        raise refused(error) from error
    typer.echo(orjson.dumps(shown(fact, personal=personal), option=orjson.OPT_INDENT_2).decode())
    typer.echo(f"parked at {letter.parked_at}: {letter.error}")
    typer.echo(letter.trace, nl=False)


@app.command()
def retry(
    which: Which,
    position: Annotated[
        str | None, typer.Argument(metavar="[POSITION]", help="Only the stream of this letter.")
    ] = None,
    data: Data = None,
) -> None:
    """Apply what is parked, each stream in its order; exit status 1 where something still can't be applied."""
    projection, asked = named(which)
    place = None if position is None else _place(position)
    try:
        applied, left = asyncio.run(_retry(settings_for(data), projection, asked, place))
    except LookupError as error:
        raise refused(error) from error
    typer.echo(f"{applied} applied, {left} still parked")
    if left:
        raise typer.Exit(1)


@app.command()
def drop(build: Build, position: Place, data: Data = None) -> None:
    """Give a letter up for good; what waits behind it can be tried again then."""
    model, place = model_of(build), _place(position)

    async def act() -> None:
        async with open_core(settings_for(data)) as core:
            await _desk(core).discard(model, place.log, place.number)

    try:
        asyncio.run(act())
    except LookupError as error:
        raise refused(error) from error
    typer.echo(f"{position} of {model} is given up; a rebuild meets it again")


async def _list(settings: Settings, chosen: tuple[Projection, Model | None] | None) -> list[DeadLetter]:
    async with open_core(settings) as core:
        models: Iterable[Model]
        if chosen is not None and chosen[1] is not None:
            models = [chosen[1]]
        else:
            projections = CATALOGUE if chosen is None else [chosen[0]]
            models = [each.model for projection in projections for each in await builds_of(core.models, projection)]
        found = [each for model in models for each in (await sequences(core.models, model)).values()]
        return [letter for stream in found for letter in stream]


async def _show(settings: Settings, model: Model, place: Position, personal: bool) -> tuple[DeadLetter, Recorded]:
    async with open_core(settings) as core:
        for letter in await core.models.dead_letters(model, limit=MOST):
            if (letter.log, letter.number) == (place.log, place.number):
                return letter, await fact_at(core.store, place, personal=personal)
    raise LookupError(f"nothing is parked at {place.log}:{place.number} of {model}")


async def _retry(
    settings: Settings, projection: Projection, asked: Model | None, place: Position | None
) -> tuple[int, int]:
    async with open_core(settings) as core:
        desk, applied, left = _desk(core), 0, 0
        models = [asked] if asked else [each.model for each in await builds_of(core.models, projection)]
        for model in models:
            streams = await sequences(core.models, model)
            for stream, letters in streams.items():
                if place is None or any((each.log, each.number) == (place.log, place.number) for each in letters):
                    applied += await try_again(letters, projection, log=core.store, models=core.models, desk=desk)
                    left += len((await sequences(core.models, model)).get(stream, []))
        return applied, left


def _desk(core: Core) -> Letters:
    if not isinstance(core.models, Letters):
        raise LookupError(f"letters of the {core.settings.profile} profile can only be listed")  # noqa: TRY004
    return core.models


def _place(text: str) -> Position:
    asked = moment(text, "POSITION").numbers
    if len(asked) != 1:
        raise typer.BadParameter("say one position, as in 0:1200", param_hint="POSITION")
    return asked[0]


def _summary(letter: DeadLetter) -> dict[str, str]:
    return {
        "build": str(letter.model),
        "position": f"{letter.log}:{letter.number}",
        "stream": letter.stream,
        "event": letter.event_name,
        "error": letter.error,
        "parked_at": letter.parked_at.isoformat(timespec="microseconds"),
    }
