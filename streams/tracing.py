"""Tracing: what one request recorded, and how far each of its events has come in the read models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson

from domain.recorded import Recorded
from projections.stores import DeadLetter, Model, ReadModels, State
from streams.letters import MOST
from streams.moments import last_by
from streams.ports import EventLog

_PAGE: Final = 5000


@dataclass(frozen=True, slots=True)
class Way:
    """An event, the builds that have applied it, those that have yet to, and those whose store can't say.

    `parked` holds its dead letters; builds that nobody feeds any more (`stale`) are left out.
    """

    fact: Recorded
    applied: tuple[Model, ...]
    waiting: tuple[Model, ...]
    unknown: tuple[Model, ...]
    parked: tuple[DeadLetter, ...]


async def recorded_by(log: EventLog, request: str, since: datetime | None = None) -> list[Recorded]:
    """The events of a trace id or a request id, in the order of time, without personal fields.

    Reads the logs from their beginning, or from a time on: there is no index. Only what holds the id is decoded.
    """
    sought, found = orjson.dumps(request), []
    for number in range(log.logs):
        after = 0 if since is None else await last_by(log, number, await log.head(number), since)
        while stored := await log.read_stored(number, after, _PAGE):
            facts = await log.decode([each for each in stored if sought in each.state], personal=False)
            found += [fact for fact in facts if request in (fact.trace_id, fact.causation_id)]
            after = stored[-1].number
    return sorted(found, key=lambda fact: (fact.recorded_at, fact.position))


async def ways(facts: Sequence[Recorded], models: ReadModels) -> list[Way]:
    """How far each of the events has come."""
    fed = [status for status in await models.status() if status.state is not State.STALE]
    letters: dict[tuple[int, int], list[DeadLetter]] = {}
    for status in fed:
        if status.reachable and status.dead_letters:
            for letter in await models.dead_letters(status.model, limit=MOST):
                letters.setdefault((letter.log, letter.number), []).append(letter)
    reached = {status.model: status.checkpoints for status in fed if status.reachable}
    unknown = tuple(status.model for status in fed if not status.reachable)
    return [_way(fact, reached, unknown, letters) for fact in facts]


def _way(
    fact: Recorded,
    reached: Mapping[Model, Mapping[int, int]],
    unknown: tuple[Model, ...],
    letters: Mapping[tuple[int, int], Sequence[DeadLetter]],
) -> Way:
    place = fact.position
    parked = tuple(letters.get((place.log, place.number), ()))
    handled = [model for model, logs in reached.items() if logs.get(place.log, 0) >= place.number]
    aside = {letter.model for letter in parked}
    return Way(
        fact,
        tuple(model for model in handled if model not in aside),
        tuple(model for model in reached if model not in handled),
        unknown,
        parked,
    )
