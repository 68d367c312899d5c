"""`filmroll logs`: which database holds which log of the cluster's event store, and moving logs while all goes on."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import psycopg
import typer
from psycopg.sql import SQL, Identifier
from rich.console import Console
from rich.table import Table

from infra.eventstore import moving, placement
from infra.eventstore.placement import Placed
from infra.eventstore.postgres_database import connect
from infra.eventstore.postgres_migration import PlacementError, exclusively, migrate, numbered, reached_at, register
from infra.eventstore.postgres_opening import dsns_in
from infra.eventstore.postgres_recorder import table_name
from infra.settings import Settings

app = typer.Typer(help="The event store's logs and the databases that hold them.", no_args_is_help=True)

CLUSTER_LOGS: Final = 64


@app.command("migrate")
def make_tables(
    logs: Annotated[int | None, typer.Option(min=1, max=1024, help="Logs of a new installation, for ever.")] = None,
) -> None:
    """Make what is missing in the databases of FILMROLL_POSTGRES; may be repeated."""
    dsns = _dsns()
    migrate(dsns, logs or _logs(dsns) or CLUSTER_LOGS)
    typer.echo(f"{len(dsns)} databases hold {_logs(dsns)} logs")


@app.command("list")
def show() -> None:
    """Where each log lies, and how far it has come."""
    dsns = _dsns()
    with connect(dsns[0]) as catalogue:
        placed = placement.placements(catalogue)
        addresses = placement.addresses(catalogue)
        known = numbered(dsns)
        reached = {number: reached_at(catalogue, known, number) for number in addresses}
    heads = _heads(placed, reached)
    table = Table("log", "database", "state", "generation", "last number", box=None)
    for log, each in placed.items():
        state = each.state if each.target is None else f"moving to {each.target}"
        table.add_row(str(log), str(each.database), state, str(each.generation), str(heads.get(log, "-")))
    console = Console()
    console.print(table)
    for number, address in addresses.items():
        held = sum(each.database == number for each in placed.values())
        console.print(f"database {number}: {held} logs, {address}", highlight=False)


@app.command()
def add_database(
    dsn: Annotated[str, typer.Argument(help="Where it is; reached with the catalogue's password.")],
) -> None:
    """Take another database in; it gets logs by `move` or `rebalance`."""
    with connect(_dsns()[0]) as catalogue, exclusively(catalogue):
        number = register(catalogue, dsn)
    typer.echo(f"database {number}")


@app.command()
def move(
    log: Annotated[int, typer.Argument(help="The log.")],
    database: Annotated[int, typer.Argument(help="The database's number, as 'list' shows it.")],
) -> None:
    """Move a log to another database, or go on with a move that was broken off."""
    done = moving.move(_dsns(), log, database)
    if done is None:
        typer.echo(f"log {log} lies there")
    else:
        _tell(done, database)


@app.command()
def rebalance() -> None:
    """Move the logs that belong to another database by the ring, one at a time."""
    moving.rebalance(_dsns(), _tell)


@app.command()
def tidy() -> None:
    """Drop the old tables of logs that were moved."""
    typer.echo(f"{moving.tidy(_dsns())} old tables dropped")


def _tell(done: moving.Moving, database: int) -> None:
    typer.echo(f"log {done.log}: {done.facts:,} facts to database {database}, fenced for {done.fenced * 1000:.0f} ms")


def _dsns() -> list[str]:
    dsns = dsns_in(Settings().postgres)
    if not dsns:
        raise PlacementError("FILMROLL_POSTGRES names no database; only the cluster profile has logs to place")
    return dsns


def _logs(dsns: Sequence[str]) -> int:
    with connect(dsns[0]) as catalogue:
        try:
            return len(placement.placements(catalogue))
        except psycopg.errors.UndefinedTable:
            return 0


def _heads(placed: Mapping[int, Placed], reached: Mapping[int, str]) -> Mapping[int, Any]:
    """The last number of each log that can be seen."""
    heads: dict[int, Any] = {}
    for number, dsn in reached.items():
        with connect(dsn) as database:
            for log in (log for log, each in placed.items() if each.database == number):
                try:
                    found = database.execute(
                        SQL("SELECT max(notification_id) FROM {0}").format(Identifier("public", table_name(log)))
                    ).fetchone()
                except psycopg.errors.UndefinedTable:
                    continue
                heads[log] = (found and found[0]) or 0
    return heads
