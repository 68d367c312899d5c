"""`filmroll replay | as-of`: what was."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import orjson
import typer

from infra.analysis.past import NEEDED, Past, ReplayError, scratch
from infra.bootstrap import open_core
from infra.cli.asking import Data, Personal, log_at, moment, refused, settings_for
from infra.cli.builds import projection_of
from infra.core import utc_now
from infra.settings import Settings
from projections.catalogue import BY_NAME
from projections.rows import Projection, table_of
from projections.stores import PoisonedError, ReadModels
from streams.moments import Moment
from streams.replay import replay as run_replay
from streams.verifying import dump


class What(StrEnum):
    """What may be asked of the past."""

    FEED = "feed"
    PROFILE = "profile"
    COUNTS = "counts"


Then = Annotated[str, typer.Argument(metavar="TIME", help="A time, or the position of an event.")]


def replay(
    names: Annotated[list[str], typer.Argument(metavar="PROJECTION…", help="Which read models.")],
    into: Annotated[str, typer.Option(help="A folder for SQLite files, or - to print the rows as JSON lines.")],
    until: Annotated[str | None, typer.Option(help="A time or a position; the end of the log when not given.")] = None,
    personal: Personal = False,
    data: Data = None,
) -> None:
    """Build read models as they stood at a moment, beside everything that is live."""
    projections = [projection_of(name) for name in names]
    then = None if until is None else moment(until, "--until")
    try:
        asyncio.run(_replay(settings_for(data), projections, then, into, personal))
    except PoisonedError as error:
        typer.echo(f"stopped: {error}: {error.__cause__!r}", err=True)
        raise typer.Exit(1) from error
    except (ReplayError, LookupError) as error:
        raise refused(error) from error


def as_of(
    time: Then,
    what: Annotated[What, typer.Argument(help="A member's feed or profile, or a photo's counts.")],
    whose: Annotated[str, typer.Argument(metavar="USERNAME|PHOTO", help="Whose, or of which photo.")],
    viewer: Annotated[str | None, typer.Option("--as", help="Who looks at the profile; anyone when not given.")] = None,
    data: Data = None,
) -> None:
    """Print as JSON what the API would have answered at a moment; files are told by their keys."""
    try:
        asyncio.run(_as_of(settings_for(data), moment(time, "TIME"), what, whose, viewer))
    except PoisonedError as error:
        typer.echo(f"stopped: {error}: {error.__cause__!r}", err=True)
        raise typer.Exit(1) from error
    except LookupError as error:
        raise refused(error) from error


async def _replay(
    settings: Settings, projections: list[Projection], then: Moment | None, into: str, personal: bool
) -> None:
    async with open_core(settings) as core:
        past = await log_at(core.store, then, personal=personal)
        async with _folder(into) as directory, scratch(directory, past.through, personal=personal) as models:
            for model in await run_replay(projections, log=past, models=models):
                if into == "-":
                    await _print_rows(models, BY_NAME[model.projection])
                else:
                    typer.echo(models.path_of(model))


async def _as_of(settings: Settings, then: Moment, what: What, whose: str, viewer: str | None) -> None:
    async with open_core(settings) as core:
        log = await log_at(core.store, then, personal=True)
        async with _folder("-") as directory, scratch(directory, log.through, personal=True) as models:
            await run_replay([BY_NAME[name] for name in NEEDED[what]], log=log, models=models)
            past = Past(models, log, then.at or utc_now())
            match what:
                case What.FEED:
                    async for photo in past.feed(whose):
                        _print(photo)
                case What.PROFILE:
                    _print(await past.profile(whose, viewer))
                case What.COUNTS:
                    _print(await past.counts(whose))


@asynccontextmanager
async def _folder(into: str) -> AsyncIterator[Path]:
    """The folder that was named, or one for the time being."""
    if into != "-":
        yield Path(into)
        return
    with tempfile.TemporaryDirectory(prefix="filmroll-") as directory:
        yield Path(directory)


async def _print_rows(models: ReadModels, projection: Projection) -> None:
    (model,) = [status.model for status in await models.status() if status.model.projection == projection.name]
    for row in await dump(projection, model, models=models):
        table = table_of(type(row)).name
        _print({"projection": projection.name, "table": table, "row": asdict(row)})


def _print(document: Mapping[str, object]) -> None:
    typer.echo(orjson.dumps(document).decode())
