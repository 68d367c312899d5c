"""`filmroll events`: the event stream, as it was recorded."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final

import orjson
import typer

from domain.events import event_type
from domain.positions import Position
from domain.recorded import Recorded, Unreadable, name_of
from domain.wire import chosen, stored_names, to_wire
from infra.bootstrap import open_core
from infra.cli.asking import Data, Personal, Types, event_names, moment, refused, settings_for
from infra.cli.exporting import catalogue, check, export, sql
from infra.settings import Settings
from streams.moments import fact_at
from streams.ports import EventLog

app = typer.Typer(help="The event stream: watch it, export it, ask it in SQL.", no_args_is_help=True)
app.command()(export)
app.command()(check)
app.command()(sql)
app.command()(catalogue)

_PAGE: Final = 1000
_WAIT_S: Final = 0.5


@app.command()
def tail(
    count: Annotated[int, typer.Option("-n", "--count", min=0, help="How many of the newest events of each log.")] = 20,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on with what is recorded from now on.")] = False,
    types: Types = None,
    personal: Personal = False,
    data: Data = None,
) -> None:
    """Print events as JSON lines, oldest first."""
    chosen = event_names(types)
    names = None if chosen is None else stored_names(chosen)
    try:
        asyncio.run(_tail(settings_for(data), count, names, follow, personal))
    except KeyboardInterrupt:
        raise typer.Exit from None


@app.command()
def show(
    position: Annotated[str, typer.Argument(help="Log and number, as in 0:1200.")],
    personal: Personal = False,
    data: Data = None,
) -> None:
    """Print one event with its whole envelope."""
    asked = moment(position, "POSITION").numbers
    if len(asked) != 1:
        raise typer.BadParameter("say one position, as in 0:1200", param_hint="POSITION")
    try:
        fact = asyncio.run(_fact(settings_for(data), asked[0], personal))
    except LookupError as error:
        raise refused(error) from error
    typer.echo(orjson.dumps(shown(fact, personal=personal), option=orjson.OPT_INDENT_2).decode())


async def _fact(settings: Settings, position: Position, personal: bool) -> Recorded:
    async with open_core(settings) as core:
        return await fact_at(core.store, position, personal=personal)


async def _tail(settings: Settings, count: int, names: frozenset[str] | None, follow: bool, personal: bool) -> None:
    async with open_core(settings) as core:
        reached = dict.fromkeys(range(core.store.logs), 0)
        newest: list[Recorded] = []
        for log in reached:
            facts, reached[log] = await _last(core.store, log, count, names, personal)
            newest += facts
        for fact in sorted(newest, key=lambda fact: fact.recorded_at):
            _print(fact, personal)
        while follow:
            await core.store.wait(reached, _WAIT_S)
            for log, after in reached.items():
                page = await core.store.read(log, after, _PAGE, names, personal=personal)
                reached[log] = page.last
                for fact in _chosen(page.facts, names):
                    _print(fact, personal)


async def _last(
    events: EventLog, log: int, count: int, names: frozenset[str] | None, personal: bool
) -> tuple[list[Recorded], int]:
    """The newest facts of a log, and how far it was read; numbers are sparse, so look back further until enough."""
    head = await events.head(log)
    span = max(count, 1)
    while True:
        after = max(0, head - span)
        facts: list[Recorded] = []
        reached = after
        while reached < head:
            page = await events.read(log, reached, _PAGE, names, personal=personal)
            reached = page.last
            facts += _chosen(page.facts, names)
        if len(facts) >= count or after == 0:
            return facts[-count:] if count else [], reached
        span *= 4


def _chosen(facts: Iterable[Recorded], names: frozenset[str] | None) -> list[Recorded]:
    """Older forms are read whatever they have become; only now it shows what they are."""
    return [fact for fact in facts if names is None or chosen(names)[name_of(fact)]]


def _print(fact: Recorded, personal: bool) -> None:
    typer.echo(orjson.dumps(shown(fact, personal=personal)).decode())


def shown(fact: Recorded, *, personal: bool) -> Mapping[str, Any]:
    """A fact as a line for people and programs; personal fields are null unless asked for, so is what can't be read."""
    data: dict[str, Any] | None = None
    if not isinstance(fact.event, Unreadable):
        _, fields = to_wire(fact.event)
        hidden = () if personal else event_type(fact.event).personal
        data = {field: None if field in hidden else value for field, value in fields.items()}
    return {
        "position": f"{fact.position.log}:{fact.position.number}",
        "event_type": name_of(fact),
        "stream": fact.stream,
        "version": fact.version,
        "recorded_at": fact.recorded_at.isoformat(timespec="microseconds"),
        "event_id": fact.event_id,
        "trace_id": fact.trace_id,
        "causation_id": fact.causation_id,
        "correlation_id": fact.correlation_id,
        "data": data,
        **({"error": repr(fact.event.error)} if isinstance(fact.event, Unreadable) else {}),
    }
