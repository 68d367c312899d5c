"""`filmroll events export | check | sql | catalogue`: the event stream for analysts."""

import asyncio
import csv
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from infra.analysis import reference
from infra.analysis.columns import tables
from infra.analysis.exporting import export as write_export
from infra.analysis.extras import MissingExtraError, extra
from infra.analysis.formats import Format
from infra.analysis.manifest import Content, ExportError, Manifest, damaged, load
from infra.analysis.tables import mentioned, of_export, of_installation
from infra.bootstrap import open_core
from infra.cli.asking import Data, Personal, Types, event_names, moment, refused, settings_for
from infra.settings import Settings
from projections.catalogue import CATALOGUE
from streams.moments import Moment, reached_at
from streams.ports import EventLog


class Shown(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def export(
    into: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder, or one with an export to go on with.")],
    kind: Annotated[Format, typer.Option("--format", help="How files are written.")] = Format.PARQUET,
    since: Annotated[str | None, typer.Option(help="Events after this time or position.")] = None,
    until: Annotated[str | None, typer.Option(help="Events up to this time or position, itself included.")] = None,
    types: Types = None,
    personal: Personal = False,
    data: Data = None,
) -> None:
    """Write events as files, with a manifest; run again, it adds what was recorded since."""
    content = Content(kind, event_names(types), personal)
    start, end = (
        None if text is None else moment(text, name) for text, name in ((since, "--since"), (until, "--until"))
    )
    try:
        manifest, added = asyncio.run(_export(settings_for(data), into, content, start, end))
    except (ExportError, LookupError, MissingExtraError) as error:
        raise refused(error) from error
    reached = ", ".join(f"{log}:{number}" for log, number in manifest.through.items())
    typer.echo(f"{added} events added, {manifest.events} in all, up to {reached}")


def check(directory: Annotated[Path, typer.Argument(metavar="DIR", help="A folder with an export.")]) -> None:
    """Compare every file of an export with the SHA-256 in its manifest."""
    manifest = load(directory)
    if manifest is None:
        raise refused(f"there is no export in {directory}")
    if bad := damaged(directory, manifest):
        raise refused(f"not what was written: {', '.join(bad)}")
    typer.echo(f"{manifest.events} events in {len(manifest.parts)} parts, all files as written")


def sql(
    query: Annotated[str, typer.Argument(help="DuckDB's SQL; tables are 'events' and, for example, 'photo_liked'.")],
    over: Annotated[Path | None, typer.Option("--from", metavar="DIR", help="An export instead of the log.")] = None,
    show: Annotated[Shown, typer.Option("--format", help="How rows are printed.")] = Shown.TABLE,
    personal: Personal = False,
    data: Data = None,
) -> None:
    """Ask the event stream in SQL."""
    names = mentioned(query, tables(personal=personal))
    log = of_installation(settings_for(data).data, names=names, personal=personal) if over is None else None
    try:
        with log or nullcontext(of_export(over or Path())) as events:
            found = events.sql(query)
    except (ExportError, MissingExtraError) as error:
        raise refused(error) from error
    except extra("duckdb").Error as error:
        raise refused(str(error)) from error
    _print(found, show)


def catalogue(
    into: Annotated[Path | None, typer.Option("--write", metavar="DIR", help="Write both files there.")] = None,
    json_schema: Annotated[bool, typer.Option("--json-schema", help="Print the JSON Schema.")] = False,
) -> None:
    """Print the events' reference: names, fields, types, versions, and which projections handle them."""
    pages = {reference.MARKDOWN: reference.markdown(CATALOGUE), reference.SCHEMA: reference.schema()}
    if into is None:
        typer.echo(pages[reference.SCHEMA if json_schema else reference.MARKDOWN], nl=False)
        return
    for name, text in pages.items():
        (into / name).write_text(text)
        typer.echo(into / name)


async def _export(
    settings: Settings, into: Path, content: Content, since: Moment | None, until: Moment | None
) -> tuple[Manifest, int]:
    async with open_core(settings) as core:
        after = await reached_at(core.store, since) if since else {}
        through = await reached_at(core.store, until) if until else await _heads(core.store)
        before = await asyncio.to_thread(load, into)
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("exporting", total=None)
            done = await write_export(
                core.store,
                into,
                content,
                after=after,
                through=through,
                report=lambda events: progress.advance(task, events),
            )
    return done, done.events - (before.events if before else 0)


async def _heads(log: EventLog) -> Mapping[int, int]:
    return {number: await log.head(number) for number in range(log.logs)}


def _print(found: Any, show: Shown) -> None:
    names = found.column_names
    match show:
        case Shown.TABLE:
            table = Table(*names, box=None, header_style="bold")
            for row in found.to_pylist():
                table.add_row(*("" if value is None else str(value) for value in row.values()))
            Console().print(table)
        case Shown.JSON:
            for row in found.to_pylist():
                typer.echo(orjson.dumps(row, default=str).decode())
        case Shown.CSV:
            writer = csv.writer(sys.stdout)
            writer.writerow(names)
            writer.writerows(row.values() for row in found.to_pylist())
