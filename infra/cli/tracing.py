"""`filmroll trace`: the way of a request, from its events to the read models."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

import orjson
import typer

from infra.bootstrap import open_core
from infra.cli.asking import Data, moment, refused, settings_for
from infra.cli.events import shown
from infra.settings import Settings
from streams.tracing import Way, recorded_by, ways


def trace(
    request: Annotated[str, typer.Argument(metavar="ID", help="A trace id, or the X-Request-Id of an answer.")],
    since: Annotated[str | None, typer.Option(help="Look no further back than this time; else at all events.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines, one for each event.")] = False,
    data: Data = None,
) -> None:
    """Show what a request recorded, which read models have applied it, and where it is a dead letter."""
    then = None if since is None else moment(since, "--since").at
    if since is not None and then is None:
        raise typer.BadParameter("say a time, as in 2026-05-01T12:00Z", param_hint="--since")
    found = asyncio.run(_ways(settings_for(data), request, then))
    if not found:
        raise refused(f"no event was recorded by {request}")
    for way in found:
        typer.echo(orjson.dumps(_document(way)).decode() if as_json else _told(way))


async def _ways(settings: Settings, request: str, since: datetime | None) -> list[Way]:
    async with open_core(settings) as core:
        return await ways(await recorded_by(core.store, request, since), core.models)


def _document(way: Way) -> dict[str, Any]:
    event = shown(way.fact, personal=False)
    return {
        **{name: event[name] for name in ("position", "recorded_at", "event_type", "stream", "trace_id")},
        "request_id": way.fact.causation_id,
        "applied": [str(model) for model in way.applied],
        "waiting": [str(model) for model in way.waiting],
        "unknown": [str(model) for model in way.unknown],
        "parked": {str(letter.model): letter.error for letter in way.parked},
    }


def _told(way: Way) -> str:
    told = _document(way)
    lines = ["  ".join(told[name] for name in ("position", "recorded_at", "event_type", "stream"))]
    builds = sum(map(len, (way.applied, way.waiting, way.unknown, way.parked)))
    lines.append(f"    applied by {len(way.applied)} of {builds} builds")
    lines += _named("waiting for it", told["waiting"]) + _named("out of reach", told["unknown"])
    lines += _named("dead letter", (f"{build} ({error})" for build, error in told["parked"].items()))
    return "\n".join(lines)


def _named(what: str, which: Iterable[str]) -> list[str]:
    names = ", ".join(which)
    return [f"    {what}: {names}"] if names else []
