"""Moments: a time, or a position, as the number in each log up to which everything had been recorded by then."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from domain.positions import Position
from domain.recorded import Recorded
from streams.ports import EventLog

_POSITIONS: Final = re.compile(r"[0-9]{1,4}:[0-9]{1,18}(,[0-9]{1,4}:[0-9]{1,18})*")


@dataclass(frozen=True, slots=True)
class Moment:
    """A time (`at`), or for each of some logs a number (`numbers`)."""

    at: datetime | None = None
    numbers: tuple[Position, ...] = ()


def parse_moment(text: str) -> Moment:
    """`2026-05-01T12:00Z` (UTC where no zone is said), `0:1200`, or `0:1200,1:840`; raises `ValueError` for others."""
    if _POSITIONS.fullmatch(text):
        pairs = (part.split(":") for part in text.split(","))
        return Moment(numbers=tuple(Position(int(log), int(number)) for log, number in pairs))
    at = datetime.fromisoformat(text)
    return Moment(at if at.tzinfo else at.replace(tzinfo=UTC))


async def reached_at(log: EventLog, moment: Moment) -> Mapping[int, int]:
    """What had been recorded by a moment, itself included, as a number for every log.

    One position stands for the time when its event was recorded, so that all logs end at the same moment; several are
    taken as they are, and logs that they don't name end where they stand now. Raises `LookupError` where there is no
    such event.
    """
    heads = {number: await log.head(number) for number in range(log.logs)}
    if moment.at is not None:
        return {number: await last_by(log, number, head, moment.at) for number, head in heads.items()}
    if unknown := [each.log for each in moment.numbers if each.log not in heads]:
        raise LookupError(f"there is no log {unknown[0]}; there are {log.logs}")
    if len(moment.numbers) > 1:
        return heads | {each.log: min(each.number, heads[each.log]) for each in moment.numbers}
    (position,) = moment.numbers
    fact = await fact_at(log, position)
    others = {number: await last_by(log, number, head, fact.recorded_at) for number, head in heads.items()}
    return others | {position.log: position.number}


async def fact_at(log: EventLog, position: Position, *, personal: bool = False) -> Recorded:
    """The event at a position; raises `LookupError` where there is none."""
    if position.log in range(log.logs):
        page = await log.read(position.log, position.number - 1, 1, personal=personal)
        if page.facts and page.facts[0].position == position:
            return page.facts[0]
    raise LookupError(f"there is no event at {position.log}:{position.number}")


async def last_by(log: EventLog, number: int, head: int, at: datetime) -> int:
    """The number of a log's last event recorded by then: times rise with numbers, so halving finds it."""
    low, high = 0, head
    while low < high:
        middle = (low + high) // 2
        page = await log.read(number, middle, 1, personal=False)
        if page.facts and page.facts[0].recorded_at <= at:
            low = page.facts[0].position.number
        else:
            high = middle
    return low
