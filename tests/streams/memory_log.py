"""An event log in memory, for histories made by hand: numbers rise, but are sparse, as in a real store."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from domain.events import Event
from domain.homes import Stream
from domain.positions import Position
from domain.recorded import Recorded, name_of
from domain.wire import chosen
from streams.ports import Page, Stored

START = datetime(2025, 3, 1, tzinfo=UTC)


@dataclass
class MemoryLog:
    logs: int = 1

    def __post_init__(self):
        self.facts = {log: [] for log in range(self.logs)}
        self.reads = 0
        self._count = 0
        self._versions = Counter()
        self._committed = asyncio.Event()

    def append(self, slot: int, stream: str, *events: Event) -> list[Recorded]:
        log = Stream(stream, slot).log(self.logs)
        made = []
        for event in events:
            facts = self.facts[log]
            number = facts[-1].position.number + 1 + self._count % 3 if facts else 1 + log
            self._versions[stream] += 1
            at = START + timedelta(microseconds=self._count + 1)
            made.append(
                Recorded(
                    event=event,
                    stream=stream,
                    version=self._versions[stream],
                    position=Position(log, number),
                    event_id=f"event-{self._count}",
                    recorded_at=at,
                    trace_id="",
                    causation_id="",
                    correlation_id="",
                )
            )
            facts.append(made[-1])
            self._count += 1
        committed, self._committed = self._committed, asyncio.Event()
        committed.set()
        return made

    def heads(self) -> dict[int, int]:
        return {log: facts[-1].position.number if facts else 0 for log, facts in self.facts.items()}

    async def head(self, log: int) -> int:
        return self.heads()[log]

    async def read(
        self, log: int, after: int, limit: int, names: frozenset[str] | None = None, *, personal: bool = True
    ) -> Page:
        self.reads += 1
        await asyncio.sleep(0)
        found = [fact for fact in self.facts[log] if fact.position.number > after]
        page = found[:limit]
        taken = tuple(fact for fact in page if names is None or chosen(names)[name_of(fact)])
        return Page(taken, page[-1].position.number if page else after, more=len(found) > limit)

    async def read_stored(self, log: int, after: int, limit: int) -> tuple[Stored, ...]:
        raise NotImplementedError

    async def decode(self, stored: Iterable[Stored], *, personal: bool = True) -> tuple[Recorded, ...]:
        raise NotImplementedError

    async def stream(self, log: int, name: str) -> tuple[Recorded, ...]:
        return tuple(fact for fact in self.facts[log] if fact.stream == name)

    async def wait(self, after: Mapping[int, int], timeout: float) -> bool:  # noqa: ASYNC109 - the port's word
        committed = self._committed
        if any(number > after.get(log, 0) for log, number in self.heads().items()):
            return True
        try:
            async with asyncio.timeout(timeout):
                await committed.wait()
        except TimeoutError:
            return False
        return True


def twice(facts: Iterable[Recorded]) -> list[Recorded]:
    """Every fact, and at once the same fact again."""
    return [fact for fact in facts for _ in range(2)]


def again(fact: Recorded, **changes) -> Recorded:
    return replace(fact, **changes)
