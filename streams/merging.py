"""All logs as one stream, ordered by when their events were recorded.

Within a log numbers and times rise together, so every moment cuts all logs at once: an event's own position says where
to go on, in its log and in the others. That holds only for what is settled: a transaction that was stamped before an
event here was read may still be on its way. So what is recorded later than the last moment at which nothing was on its
way is held back, and nothing is ever passed over.
"""

from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from heapq import heapify, heappop, heapreplace
from typing import Final

from domain.positions import Position
from domain.recorded import Recorded, name_of
from domain.wire import stored_names
from streams.moments import Moment, fact_at, last_by, parse_moment
from streams.ports import EventLog

_FIRST_PAGE: Final = 32
_PAGE: Final = 4_000
_ENDS: Final = 1_000
"""So many ends of pages are remembered: who goes on from one of them spares the store the search for the cut."""
_MICROSECOND: Final = timedelta(microseconds=1)


class Merged:
    """The events of all logs, for whoever reads them page by page."""

    def __init__(
        self,
        log: EventLog,
        settle: Callable[[], Awaitable[None]],
        now: Callable[[], datetime],
        *,
        skew: timedelta = timedelta(),
    ) -> None:
        """`settle` returns when everything has been committed that was on its way as it was called.

        `skew` is how far the clocks of writing processes may be apart.
        """
        self._log = log
        self._settle = settle
        self._now = now
        self._skew = skew
        self._ends: OrderedDict[Position, Mapping[int, int]] = OrderedDict()

    async def cut(self, text: str) -> Mapping[int, int]:
        """A time, an event's position, or several (one for each log), as a number for every log.

        Raises `ValueError` for what is none of these, and `LookupError` where there is no such event or log.
        """
        then = parse_moment(text)
        match then.numbers:
            case ():
                return await self._cut_at(then, -1)
            case (Position(number=0),):
                return dict.fromkeys(range(self._log.logs), 0)
            case (one,):
                return self._ends.get(one) or await self._cut_at(then, one.log)
            case several:
                if unknown := [each.log for each in several if each.log >= self._log.logs]:
                    raise LookupError(f"there is no log {unknown[0]}")
                return dict.fromkeys(range(self._log.logs), 0) | {each.log: each.number for each in several}

    async def page(
        self,
        after: Mapping[int, int],
        *,
        limit: int,
        types: frozenset[str] | None = None,
        through: Mapping[int, int] | None = None,
    ) -> Sequence[Recorded]:
        """The next events of these types (None: all), personal fields erased; none after `through`, where it is said."""
        horizon = self._now() - self._skew
        await self._settle()
        reached = {log: after.get(log, 0) for log in range(self._log.logs)}
        heads = {log: await self._log.head(log) for log in reached}
        if through is not None:
            heads = {log: min(head, through.get(log, 0)) for log, head in heads.items()}
        runs = {log: self._run(log, reached, heads[log], limit, types, horizon) for log in reached}
        page: list[Recorded] = []
        try:
            coming = {log: await anext(run, None) for log, run in runs.items()}
            waiting = [(fact.recorded_at, log, fact) for log, fact in coming.items() if fact is not None]
            heapify(waiting)
            while waiting and len(page) < limit:
                _, log, fact = waiting[0]
                page.append(fact)
                reached[log] = fact.position.number
                after_it = await anext(runs[log], None)
                if after_it is None:
                    heappop(waiting)
                else:
                    heapreplace(waiting, (after_it.recorded_at, log, after_it))
        finally:
            for run in runs.values():
                await run.aclose()
        if page:
            self._remember(page[-1].position, reached)
        return page

    async def _run(
        self,
        log: int,
        reached: dict[int, int],
        head: int,
        limit: int,
        types: frozenset[str] | None,
        horizon: datetime,
    ) -> AsyncGenerator[Recorded, None]:
        """The chosen events of one log up to its head."""
        names = None if types is None else stored_names(types)
        at, size = reached[log], min(max(_FIRST_PAGE, limit // self._log.logs), _PAGE)
        while at < head:
            page = await self._log.read(log, at, size, names, personal=False)
            for fact in page.facts:
                if fact.position.number > head or fact.recorded_at > horizon:
                    return
                if types is None or name_of(fact) in types:
                    yield fact
            if page.last <= at:
                return
            at, size = page.last, min(size * 4, _PAGE)

    async def _cut_at(self, then: Moment, log: int) -> Mapping[int, int]:
        """All that was recorded by a moment; at the same microsecond, logs count in their order."""
        at = then.at
        if at is None:
            at = (await fact_at(self._log, then.numbers[0])).recorded_at
        cut = {}
        for number in range(self._log.logs):
            head = await self._log.head(number)
            cut[number] = await last_by(self._log, number, head, at - _MICROSECOND if number > log >= 0 else at)
        return cut

    def _remember(self, position: Position, reached: Mapping[int, int]) -> None:
        self._ends[position] = reached
        if len(self._ends) > _ENDS:
            self._ends.popitem(last=False)
