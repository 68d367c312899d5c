"""`filmroll archive`: old events as verified Parquet files in the object store, and payloads that live there alone."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from infra.analysis.extras import MissingExtraError
from infra.bootstrap import open_core
from infra.cli.asking import Data, moment, refused, settings_for
from infra.eventstore import archiving
from infra.eventstore.archive import DamagedError, Part
from infra.eventstore.archived import ArchivedRecords
from infra.settings import Settings

app = typer.Typer(help="Old events: copied to the object store, verified, read through.", no_args_is_help=True)

Before = Annotated[str, typer.Option(help="Only what was recorded before this time (UTC where no zone is said).")]

T = TypeVar("T")


@app.command("list")
def list_parts(data: Data = None) -> None:
    """Show the parts of every log."""
    table = Table("log", "after", "through", "events", "bytes", "sha-256", box=None, header_style="bold")
    for part in _run(data, _parts):
        table.add_row(*map(str, (part.log, part.after, part.through, part.events, part.bytes, part.sha256)))
    Console().print(table)


@app.command()
def copy(
    before: Annotated[
        str | None, typer.Option(help="Only what was recorded before this time; this month's beginning when not given.")
    ] = None,
    data: Data = None,
) -> None:
    """Copy closed months as Parquet, read back and compared; nothing leaves the tables. Run again, it goes on."""
    end = (
        _time(before)
        if before is not None
        else datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    )

    def work(records: ArchivedRecords, logs: range) -> int:
        return sum(archiving.copy(records.inner, records.archive, log, end, report=_say) for log in logs)

    typer.echo(f"{_run(data, work)} events copied")


@app.command()
def verify(data: Data = None) -> None:
    """Compare every part with its hash and with the tables, event by event; exit status 1 where one is not the same."""

    def work(records: ArchivedRecords, logs: range) -> tuple[int, int, list[str]]:
        proofs = [archiving.prove(records.inner, records.archive, part) for part in _parts(records, logs)]
        wrong = [proof.wrong for proof in proofs if proof.wrong is not None]
        return sum(proof.part.events for proof in proofs), sum(proof.away for proof in proofs), wrong

    events, away, wrong = _run(data, work)
    for each in wrong:
        typer.echo(f"wrong: {each}")
    typer.echo(f"{events} events in the archive, {away} of them there alone, {len(wrong)} parts wrong")
    if wrong:
        raise typer.Exit(1)


@app.command()
def release(
    before: Before,
    yes: Annotated[bool, typer.Option("--yes", help="Without it, only say what would go.")] = False,
    data: Data = None,
) -> None:
    """Let the payloads of archived events go from the tables, each part compared first; stream and number stay.

    They are read from the archive from then on. The space is used again for new events.
    """
    end = _time(before)

    def work(records: ArchivedRecords, logs: range) -> int:
        parts = [part for part in _parts(records, logs) if archiving.recorded_at(records.inner, part) < end]
        if not yes:
            return sum(part.events for part in parts)
        return sum(archiving.release(records.inner, records.archive, part) for part in parts)

    count = _run(data, work)
    typer.echo(f"{count} payloads left the tables" if yes else f"up to {count} payloads would go; say --yes")


@app.command()
def restore(data: Data = None) -> None:
    """Bring every payload back from the archive into the tables."""

    def work(records: ArchivedRecords, logs: range) -> int:
        return sum(archiving.restore(records.inner, records.archive, part) for part in _parts(records, logs))

    typer.echo(f"{_run(data, work)} payloads are back")


def _parts(records: ArchivedRecords, logs: range) -> list[Part]:
    return [part for log in logs for part in records.archive.parts(log)]


def _run(data: Data, work: Callable[[ArchivedRecords, range], T]) -> T:
    settings = settings_for(data)

    async def run() -> T:
        async with open_core(settings) as core:
            records = core.store.records
            assert isinstance(records, ArchivedRecords)
            with _alone(settings):
                return await asyncio.to_thread(work, records, range(core.store.logs))

    try:
        return asyncio.run(run())
    except (DamagedError, MissingExtraError) as error:
        raise refused(error) from error


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """In the cluster, no log moves meanwhile: a move compares what it copied."""
    if settings.profile != "cluster":
        yield
        return
    from infra.eventstore.postgres_database import connect
    from infra.eventstore.postgres_migration import exclusively
    from infra.eventstore.postgres_opening import dsns_in

    with connect(dsns_in(settings.postgres)[0]) as catalogue, exclusively(catalogue):
        yield


def _time(text: str) -> datetime:
    at = moment(text, "--before").at
    if at is None:
        raise typer.BadParameter("say a time, as in 2026-05-01", param_hint="--before")
    return at


def _say(part: Part) -> None:
    typer.echo(f"log {part.log}: {part.after + 1} to {part.through}, {part.events} events, {part.bytes} bytes")
