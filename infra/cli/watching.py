"""`filmroll projections list | status`: what there is, and how it stands."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import orjson
import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from domain.events import event_type
from infra.bootstrap import open_core
from infra.cli.asking import Data, settings_for
from infra.core import Core, utc_now
from infra.settings import Settings
from projections.catalogue import CATALOGUE
from projections.rows import table_of
from projections.stores import ModelStatus
from streams.standing import Pace, Standing, standing

_LOOK_S: Final = 1.0


def list_projections() -> None:
    """Show every projection: the version of its code, its tables, and the events that it handles."""
    table = Table("projection", "version", "tables", "events", box=None, header_style="bold")
    for each in CATALOGUE:
        rows = ", ".join(table_of(cls).name for cls in each.rows)
        table.add_row(each.name, str(each.version), rows, ", ".join(event_type(cls).name for cls in each.handles))
    Console().print(table)


def status(
    watch: Annotated[bool, typer.Option("--watch", help="Go on showing it, with rates, until interrupted.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines, one for each build.")] = False,
    data: Data = None,
) -> None:
    """Show every build of every read model: what it is for, how far it is, what it could not apply."""
    try:
        asyncio.run(_status(settings_for(data), watch=watch, as_json=as_json))
    except KeyboardInterrupt:
        raise typer.Exit from None


async def _status(settings: Settings, *, watch: bool, as_json: bool) -> None:
    async with open_core(settings) as core:
        pace = Pace()
        found = await _look(core, pace)
        if as_json:
            _print(found)
            while watch:
                await asyncio.sleep(_LOOK_S)
                _print(await _look(core, pace))
        elif not watch:
            Console().print(_table(found))
        else:
            with Live(_table(found), console=Console(), auto_refresh=False) as live:
                while True:
                    await asyncio.sleep(_LOOK_S)
                    live.update(_table(await _look(core, pace)), refresh=True)


async def _look(core: Core, pace: Pace) -> list[dict[str, Any]]:
    """Everything that is shown of each build; the rate (events a second) is None at the first look."""
    found = await standing(core.store, core.models, utc_now())
    rates = pace.of(found)
    return [_shown(each, rates.get(each.status.model)) for each in found]


def _shown(each: Standing, rate: float | None) -> dict[str, Any]:
    status = each.status
    return {
        "build": str(status.model),
        "state": _state(status),
        "code": status.code_version,
        "positions": {str(log): number for log, number in status.checkpoints.items()},
        "behind": each.behind,
        "lag_s": None if each.lag_s is None else round(each.lag_s, 3),
        "rate": None if rate is None else round(rate, 1),
        "dead_letters": status.dead_letters if status.reachable else None,
    }


def _state(status: ModelStatus) -> str:
    notes = ("paused" if status.paused else "", "" if status.reachable else "out of reach")
    return ", ".join(filter(None, (str(status.state), *notes)))


def _print(found: Sequence[Mapping[str, Any]]) -> None:
    for each in found:
        typer.echo(orjson.dumps(each).decode())


def _table(found: Sequence[Mapping[str, Any]]) -> Table:
    names = ("build", "state", "code", "positions", "behind", "lag s", "events/s", "dead letters")
    table = Table(*names, box=None, header_style="bold")
    for each in found:
        positions = ", ".join(f"{log}:{number}" for log, number in each["positions"].items())
        row = (*(each[name] for name in ("build", "state", "code")), positions)
        numbers = (each[name] for name in ("behind", "lag_s", "rate", "dead_letters"))
        more = ("-" if number is None else number for number in numbers)
        table.add_row(*map(str, (*row, *more)), style="bold" if each["state"].startswith("live") else "")
    return table
