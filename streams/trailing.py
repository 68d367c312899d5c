"""Trailing: a reaction that goes through the event store behind everything else, after a checkpoint of its own.

The checkpoint moves when a reaction is done, so nothing is passed over, whatever is away or killed, and what was done
may be done again. Of many processes one does it, where there is a `leadership`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from domain.recorded import Recorded
from streams.ports import EventLog
from streams.relay import RelayCheckpoints
from streams.settling import Leading

SWEEP_S: Final = 5.0
"""How often the logs are looked at."""
_PAGE: Final = 500

_log = structlog.get_logger(__name__)

React = Callable[[int, Sequence[Recorded]], Awaitable[int]]
"""Is given facts of a log, in order, and tells how many of them it is done with."""


@dataclass(slots=True)
class Trail:
    """Hands facts of these stored names to a reaction for as long as it runs."""

    name: str
    log: EventLog
    handles: frozenset[str]
    react: React
    checkpoints: RelayCheckpoints
    leadership: Leading | None = None
    sweep_s: float = SWEEP_S

    async def run(self) -> None:
        """React until cancelled, after whatever goes wrong."""
        while True:
            try:
                if self.leadership is None:
                    await self.sweep()
                else:
                    async with self.leadership.lead(self.name) as lease:
                        while await lease.held():
                            await self.sweep()
                            await asyncio.sleep(self.sweep_s)
            except Exception as error:  # noqa: BLE001 reported, and tried again
                _log.error("a reaction can't go on", reaction=self.name, exc_info=error)
            await asyncio.sleep(self.sweep_s)

    async def sweep(self) -> None:
        """Go through what is new in every log; a log that can't be gone on with now holds up no other."""
        known = await self.checkpoints.load()
        for log in range(self.log.logs):
            try:
                await self._follow(log, known.get(log, 0))
            except Exception as error:  # noqa: BLE001 reported, and gone on with at the next sweep
                _log.error("a reaction is put off", reaction=self.name, log=log, exc_info=error)

    async def _follow(self, log: int, after: int) -> None:
        more = True
        while more:
            page = await self.log.read(log, after, _PAGE, self.handles, personal=False)
            done = await self.react(log, page.facts) if page.facts else 0
            whole = done == len(page.facts)
            reached = page.last if whole else max(after, page.facts[done].position.number - 1)
            if reached > after:
                await self.checkpoints.store({log: reached})
            after, more = reached, whole and page.more
