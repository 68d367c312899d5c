"""`filmroll media`: what waits to be rendered, and what nobody needs any more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from commands.developing import PrunePhoto, prune_photo
from commands.ports import Objects
from infra.bootstrap import open_core
from infra.core import Core, sweeping, utc_now
from infra.settings import Settings
from projections.ports import Waiting

app = typer.Typer(help="Photos' files: what waits, and what is left over.", no_args_is_help=True)

Data = Annotated[Path | None, typer.Option(help="Folder of the installation.")]
_PAGE: Final = 200


@app.command()
def status(data: Data = None) -> None:
    """How much waits in each stage, and for how long the oldest has."""

    async def run() -> None:
        async with _opened(data) as (core, _):
            for stage, waiting in (("first sizes", core.queries.previews), ("all sizes", core.queries.waiting)):
                count, oldest_s = await _waiting(waiting)
                typer.echo(f"{stage:12} {count:8,} waiting, the oldest for {oldest_s:,.0f} s")

    asyncio.run(run())


@app.command()
def sweep(data: Data = None) -> None:
    """Remove what arrived of uploads that nobody may use any more, a day and an hour after their links ended."""

    async def run() -> None:
        async with _opened(data) as (core, objects):
            typer.echo(f"{await sweeping(core, objects).all():,} uploads swept away")

    asyncio.run(run())


@app.command()
def prune(
    photo_ids: Annotated[list[str], typer.Argument(metavar="PHOTO…", help="The photos' ids.")], data: Data = None
) -> None:
    """Remove the files that former renditions of photos left; links to those files end."""

    async def run() -> None:
        async with _opened(data) as (core, objects):
            for photo_id in photo_ids:
                receipt = await prune_photo(PrunePhoto(photo_id), deps=core.deps, objects=objects)
                typer.echo(f"{photo_id}: {'former files removed' if receipt.recorded else 'nothing to remove'}")

    asyncio.run(run())


@asynccontextmanager
async def _opened(data: Path | None) -> AsyncIterator[tuple[Core, Objects]]:
    settings = Settings() if data is None else Settings(data=data)
    async with open_core(settings) as core:
        if settings.profile == "cluster":
            from infra.cluster import open_objects

            async with open_objects(settings) as objects:
                yield core, objects
        else:
            from infra.files.objects import FileObjects

            yield core, FileObjects(settings.data / "objects", core.installation.key("files"), "", now=utc_now)


async def _waiting(waiting: Waiting) -> tuple[int, float]:
    count, oldest_s, after = 0, 0.0, None
    while rows := await waiting.page(after=after, limit=_PAGE):
        count += len(rows)
        oldest_s = max(oldest_s, *((utc_now() - row.since).total_seconds() for row in rows))
        after = rows[-1].photo_id
    return count, oldest_s
