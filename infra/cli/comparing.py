"""`filmroll projections verify | diff`: is the live read model what the events say?

Exit status: 0 where nothing differs, 1 where something does, 3 where it could not be told.
"""

import asyncio
import random
import secrets
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Annotated, Any, Final

import orjson
import typer

from domain.ids import EPOCH
from infra.bootstrap import open_core
from infra.cli.asking import Data, settings_for
from infra.cli.builds import Which, live_of, named, rival_of
from infra.cli.events import shown
from infra.core import Core, utc_now
from infra.settings import Settings
from projections.rows import Key, Projection, Row, table_of
from projections.stores import Model
from projections.timelines import TIMELINES
from streams.evidence import Evidence, behind
from streams.fanout import FanOut
from streams.proving import Settle, nothing_left, prove, sampled
from streams.tallies import Counts, count
from streams.verifying import EVERYTHING, Difference, Span, Verdict

_UNTOLD: Final = 3


def verify(
    which: Which,
    sample: Annotated[float, typer.Option(min=0.0, max=1.0, help="The share of the rows to compare, at random.")] = 1.0,
    data: Data = None,
) -> None:
    """Compare the live build with another, row by row at the same positions, and counts with their lists."""
    projection, asked = named(which)
    verdict, counts, pair = asyncio.run(_verify(settings_for(data), projection, asked, sample))
    for each in verdict.differences:
        typer.echo(f"differs: {_name(each.table, each.key)}")
    _say(verdict, pair)
    if counts is not None:
        for wrong in counts.miscounts:
            typer.echo(f"{wrong.subject} {wrong.kind}: the tally says {wrong.tally}, the list has {wrong.listed}")
        typer.echo(f"{counts.tallies} counts against their lists, {len(counts.miscounts)} wrong")
    _end(verdict, counts)


def diff(
    which: Which,
    most: Annotated[int, typer.Option("-n", "--count", min=1, help="How many differing rows at most.")] = 10,
    personal: Annotated[bool, typer.Option("--personal", help="Show personal fields too.")] = False,
    data: Data = None,
) -> None:
    """Show the first rows that the live build and another don't agree on, with the events behind each."""
    projection, asked = named(which)
    verdict, evidence, pair = asyncio.run(_diff(settings_for(data), projection, asked, most))
    for difference, found in zip(verdict.differences, evidence, strict=True):
        typer.echo(_name(difference.table, difference.key))
        for model, row in zip(pair, (difference.one, difference.other), strict=True):
            typer.echo(f"  {model}: {_row(row, difference, personal=personal)}")
        typer.echo(f"  {found.count} events behind it{', the last of them' if found.count > len(found.facts) else ''}:")
        for fact in found.facts:
            typer.echo(f"    {orjson.dumps(shown(fact, personal=False)).decode()}")
    _say(verdict, pair)
    _end(verdict, None)


async def _verify(
    settings: Settings, projection: Projection, asked: Model | None, sample: float
) -> tuple[Verdict, Counts | None, tuple[Model, Model]]:
    async with open_core(settings) as core:
        one, other = await _pair(core, projection, asked)
        spans: Sequence[Span] = EVERYTHING
        if sample < 1:
            draw = random.Random(secrets.randbits(64))  # noqa: S311 - nothing secret is drawn
            spans = sampled(sample, await _beginning(core), utc_now(), draw=draw)
        verdict = await prove(
            projection, one, other, log=core.store, models=core.models, spans=spans, settle=_settle(projection, core)
        )
        counts = await count(projection, log=core.store, models=core.models) if sample == 1 else None
        return verdict, counts, (one, other)


async def _diff(
    settings: Settings, projection: Projection, asked: Model | None, most: int
) -> tuple[Verdict, list[Evidence], tuple[Model, Model]]:
    async with open_core(settings) as core:
        one, other = await _pair(core, projection, asked)
        verdict = await prove(
            projection, one, other, log=core.store, models=core.models, limit=most, settle=_settle(projection, core)
        )
        rows = [each.one if each.one is not None else each.other for each in verdict.differences]
        return verdict, list(await behind(projection, rows, log=core.store)), (one, other)


def _settle(projection: Projection, core: Core) -> Settle:
    return FanOut(core.queries.chunks).drain if projection is TIMELINES else nothing_left


async def _beginning(core: Core) -> datetime:
    """When the first event was recorded."""
    pages = [await core.store.read(log, 0, 1, personal=False) for log in range(core.store.logs)]
    return min((page.facts[0].recorded_at for page in pages if page.facts), default=EPOCH)


async def _pair(core: Core, projection: Projection, asked: Model | None) -> tuple[Model, Model]:
    try:
        return await live_of(core.models, projection), await rival_of(core.models, projection, asked)
    except LookupError as error:
        typer.echo(f"refused: {error}", err=True)
        raise typer.Exit(_UNTOLD) from error


def _say(verdict: Verdict, pair: tuple[Model, Model]) -> None:
    one, other = pair
    if not verdict.same_positions:
        typer.echo(f"{one} and {other} were not seen at the same positions; is one of them paused?", err=True)
    said = "equal" if verdict.equal else f"{len(verdict.differences)} differ"
    typer.echo(f"{one} and {other}: {verdict.rows} rows compared, {said}")


def _end(verdict: Verdict, counts: Counts | None) -> None:
    if verdict.differences or (counts is not None and counts.miscounts):
        raise typer.Exit(1 if verdict.same_positions and (counts is None or counts.settled) else _UNTOLD)
    if not verdict.same_positions or (counts is not None and not counts.settled):
        raise typer.Exit(_UNTOLD)


def _name(cls: type, key: Key) -> str:
    table = table_of(cls)
    return f"{table.name} " + " ".join(f"{name}={part}" for name, part in zip(table.key, key, strict=True))


def _row(row: Row | None, difference: Difference, *, personal: bool) -> str:
    """A row as JSON; without `personal`, only what both builds don't agree on, and text only as its length."""
    if row is None:
        return "no such row"
    rival = difference.other if row is difference.one else difference.one
    names = [each.name for each in fields(row) if rival is None or getattr(row, each.name) != getattr(rival, each.name)]
    return orjson.dumps(
        {name: _value(getattr(row, name), name, personal=personal) for name in names}, default=str
    ).decode()


def _value(value: Any, name: str, *, personal: bool) -> Any:
    plain = personal or not isinstance(value, str) or name.endswith(("_id", "subject", "kind", "state", "status"))
    return value if plain else f"({len(value)} characters)"
