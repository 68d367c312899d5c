"""`filmroll events`: the event stream, as it was recorded."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from domain.events import EVENT_TYPES, event_type
from domain.recorded import Recorded
from domain.wire import to_wire
from infra.bootstrap import open_core
from infra.settings import Settings
from streams.ports import EventLog

app = typer.Typer(help="The event stream.", no_args_is_help=True)

_PAGE: Final = 1000
_WAIT_S: Final = 0.5


@app.command()
def tail(
    count: Annotated[int, typer.Option("-n", "--count", min=0, help="How many of the newest events of each log.")] = 20,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on with what is recorded from now on.")] = False,
    types: Annotated[str | None, typer.Option(help="Event names, separated by commas; all when not given.")] = None,
    personal: Annotated[bool, typer.Option(help="Show personal fields too.")] = False,
    data: Annotated[Path | None, typer.Option(help="Folder of the installation.")] = None,
) -> None:
    """Print events as JSON lines, oldest first."""
    names = frozenset(types.split(",")) if types else None
    if unknown := (names or frozenset()) - EVENT_TYPES.keys():
        raise typer.BadParameter(f"no event is called {', '.join(sorted(unknown))}", param_hint="--types")
    try:
        asyncio.run(_tail(Settings() if data is None else Settings(data=data), count, names, follow, personal))
    except KeyboardInterrupt:
        raise typer.Exit from None


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
                for fact in page.facts:
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
            facts += page.facts
        if len(facts) >= count or after == 0:
            return facts[-count:] if count else [], reached
        span *= 4


def _print(fact: Recorded, personal: bool) -> None:
    typer.echo(orjson.dumps(shown(fact, personal=personal)).decode())


def shown(fact: Recorded, *, personal: bool) -> Mapping[str, Any]:
    """A fact as a line for people and programs; personal fields are null unless asked for."""
    name, fields = to_wire(fact.event)
    hidden = () if personal else event_type(fact.event).personal
    return {
        "position": f"{fact.position.log}:{fact.position.number}",
        "event_type": name,
        "stream": fact.stream,
        "version": fact.version,
        "recorded_at": fact.recorded_at.isoformat(timespec="microseconds"),
        "event_id": fact.event_id,
        "trace_id": fact.trace_id,
        "data": {field: None if field in hidden else value for field, value in fields.items()},
    }
