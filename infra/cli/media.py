"""`filmroll media`: what waits to be rendered or looked at, and what nobody needs any more."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from commands.developing import PrunePhoto, prune_photo
from commands.members import find_member
from commands.tidying import TidyPhoto, tidy_photo
from domain.errors import Refused
from domain.ids import MemberId
from infra.bootstrap import open_core
from infra.cli.asking import Data, Personal, refused, settings_for
from infra.cli.detecting import Unseen, detect, seen
from infra.cli.rerendering import Chosen, all_photos, each, progress, rerender
from infra.cli.tiering import in_bucket, in_folders
from infra.core import Core, sweeping, utc_now
from infra.developing import darkroom_of, detector_of, home_of
from infra.files.objects import FileObjects
from infra.images.pool import VipsDarkroom
from infra.images.worker import Plates
from infra.onnx.spec import UnfitModel
from infra.recipes import recipe_of
from projections.ports import Waiting

if TYPE_CHECKING:
    from infra.minio.objects import MinioObjects

app = typer.Typer(help="Photos' files: what waits, and what is left over.", no_args_is_help=True)

_PAGE: Final = 200


@app.command()
def status(
    photo_id: Annotated[
        str | None, typer.Argument(metavar="[PHOTO]", help="A photo's id; all that waits without.")
    ] = None,
    personal: Personal = False,
    data: Data = None,
) -> None:
    """How much waits in each stage, and for how long the oldest has; or where one photo is and what models made of it."""

    async def run() -> None:
        async with _opened(data) as (core, _):
            if photo_id is not None:
                for line in await seen(core, photo_id, personal=personal):
                    typer.echo(line)
                return
            stages = [("first sizes", core.queries.previews), ("all sizes", core.queries.waiting)]
            if core.settings.detect_model:
                stages.append(("detection", core.queries.detections))
            for stage, waiting in stages:
                count, oldest_s = await _waiting(waiting)
                typer.echo(f"{stage:12} {count:8,} waiting, the oldest for {oldest_s:,.0f} s")

    try:
        asyncio.run(run())
    except (Refused, ValueError) as error:
        raise refused(error) from error


@app.command()
def sweep(data: Data = None) -> None:
    """Remove what arrived of uploads that nobody may use any more, a day and an hour after their links ended."""

    async def run() -> None:
        async with _opened(data) as (core, objects):
            typer.echo(f"{await sweeping(core, objects).all():,} uploads swept away")

    asyncio.run(run())


@app.command()
def recipe(data: Data = None) -> None:
    """By which recipe photos are rendered now: its number and its sizes."""
    now = recipe_of(settings_for(data))
    typer.echo(f"recipe {now.version}: {', '.join(f'{size.name} {size.pixels}' for size in now.sizes)}")


@app.command()
def render(
    recipe: Annotated[int, typer.Option(help="The recipe to render by: that of the settings (`media recipe`).")],
    member: Annotated[str | None, typer.Option(help="Photos of this member only.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Photos published since then only (UTC).")] = None,
    missing: Annotated[
        bool, typer.Option("--missing", help="Instead: photos of which a file is missing, whatever they are shown by.")
    ] = False,
    rate: Annotated[float, typer.Option(min=0.001, help="Photos a second, at the most.")] = 10.0,
    data: Data = None,
) -> None:
    """Render ready photos anew beside their old files, whose links work until they are pruned.

    What is rendered by the recipe already is passed over, so a run that was broken off is gone on with.
    """
    settings = settings_for(data)
    if recipe != (now := recipe_of(settings)).version:
        raise refused(f"photos are rendered by recipe {now.version} now; FILMROLL_MEDIA_SIZES says by which")

    async def run() -> Counter[str]:
        async with _opened(data) as (core, objects), _darkroom(core, objects) as darkroom:
            chosen = Chosen(core, objects, now.version, await _member(core, member), since, missing=missing)
            with progress("rendering", await chosen.count()) as report:
                return await rerender(chosen, darkroom, rate=rate, hands=2 * settings.media_workers, report=report)

    try:
        done = asyncio.run(run())
    except (Refused, LookupError) as error:
        raise refused(error) from error
    typer.echo(f"{done['rendered']:,} photos rendered, {done['left']:,} left as they are, {done['failed']:,} failed")
    if done["failed"]:
        raise typer.Exit(1)


@app.command("detect")
def detect_in_photos(
    member: Annotated[str | None, typer.Option(help="Photos of this member only.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Photos published since then only (UTC).")] = None,
    missing: Annotated[bool, typer.Option("--missing", help="Only photos that no model has looked at yet.")] = False,
    rate: Annotated[float, typer.Option(min=0.001, help="Photos a second, at the most.")] = 10.0,
    data: Data = None,
) -> None:
    """Let the model (FILMROLL_DETECT_MODEL) look at photos that were ready before it came, or where it failed.

    What this version of it has looked at is passed over, so a run that was broken off is gone on with.
    """
    settings = settings_for(data)

    async def run() -> Counter[str]:
        async with _opened(data) as (core, objects), detector_of(settings, _plates(objects)) as detector:
            unseen = Unseen(core, detector.model, await _member(core, member), since, missing=missing)
            with progress("detecting", await unseen.count()) as report:
                return await detect(unseen, detector, rate=rate, hands=2 * detector.opened.batch, report=report)

    try:
        done = asyncio.run(run())
    except (Refused, LookupError, UnfitModel) as error:
        raise refused(error) from error
    failed = done["given up"] + done["failed"]
    typer.echo(f"{done['labelled']:,} photos looked at, {done['left']:,} left as they are, {failed:,} failed")
    if failed:
        raise typer.Exit(1)


@app.command()
def prune(
    photo_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[PHOTO…]", help="The photos' ids; all photos when not given.")
    ] = None,
    recipe: Annotated[
        int | None, typer.Option(help="Only photos that have files left of this recipe, which shows them no more.")
    ] = None,
    data: Data = None,
) -> None:
    """Remove the files that former renditions of photos left; links to those files end.

    What renderings left that were broken off or overtaken, and that nothing ever showed, goes too.
    """

    async def run() -> None:
        async with _opened(data) as (core, objects):
            pruned, home = 0, home_of(core.installation)
            async for photo_id in each(photo_ids) if photo_ids else all_photos(core):
                receipt = await prune_photo(PrunePhoto(photo_id, recipe), deps=core.deps, objects=objects)
                left = await tidy_photo(TidyPhoto(photo_id), deps=core.deps, objects=objects, home=home)
                pruned += bool(receipt.recorded or left)
                if photo_ids:
                    done = "former files removed" if receipt.recorded or left else "nothing to remove"
                    typer.echo(f"{photo_id}: {done}")
            if not photo_ids:
                typer.echo(f"former files of {pruned:,} photos removed")

    asyncio.run(run())


@app.command()
def tier(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    write: Annotated[
        Path | None, typer.Option(help="Cluster: write the bucket's lifecycle rules there too, as JSON for S3 tools.")
    ] = None,
    data: Data = None,
) -> None:
    """Have originals lie where they belong by their age (FILMROLL_MEDIA_TIERS); links to them work from anywhere.

    Embedded, files are moved between FILMROLL_MEDIA_TIER_FOLDERS. In a cluster the lifecycle rules of the bucket are
    applied and originals marked for them, and the object store moves those to FILMROLL_MINIO_TIERS in its own time. To
    be run daily; a run that was broken off is gone on with.
    """
    settings = settings_for(data)
    try:
        if settings.profile == "cluster":
            well = in_bucket(settings, dry_run=dry_run, write=write)
        else:
            well = in_folders(settings, dry_run=dry_run)
    except Refused as error:
        raise refused(error) from error
    if not well:
        raise typer.Exit(1)


async def _member(core: Core, username: str | None) -> MemberId | None:
    return None if username is None else await find_member(core.deps, username, core.installation.fingerprint)


@asynccontextmanager
async def _darkroom(core: Core, objects: "FileObjects | MinioObjects") -> AsyncIterator[VipsDarkroom]:
    async with darkroom_of(core.settings, core.installation, _plates(objects)) as darkroom:
        yield darkroom


def _plates(objects: "FileObjects | MinioObjects") -> Plates:
    return objects.disk if isinstance(objects, FileObjects) else objects.bucket


@asynccontextmanager
async def _opened(data: Path | None) -> AsyncIterator[tuple[Core, "FileObjects | MinioObjects"]]:
    settings = settings_for(data)
    async with open_core(settings) as core:
        if settings.profile == "cluster":
            from infra.cluster import open_objects

            async with open_objects(settings) as objects:
                yield core, objects
        else:
            yield core, FileObjects(settings.data / "objects", core.installation.key("files"), "", now=utc_now)


async def _waiting(waiting: Waiting) -> tuple[int, float]:
    count, oldest_s, after = 0, 0.0, None
    while rows := await waiting.page(after=after, limit=_PAGE):
        count += len(rows)
        oldest_s = max(oldest_s, *((utc_now() - row.since).total_seconds() for row in rows))
        after = rows[-1].photo_id
    return count, oldest_s
