"""Exposing: a reaction that sets the gates of files where the command that was to do so could not, as a store was away.

It goes through the event store after a checkpoint of its own, waits until the visibility rows know of a fact, and sets
the gates by those rows; the checkpoint moves when they are set. So nothing is passed over, whatever is away or killed,
and what the command itself did is set once more to the same effect.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from commands.errors import Unavailable
from domain.events import (
    MemberClosed,
    MemberTakedownLifted,
    MemberTakenDown,
    MemberWentPrivate,
    MemberWentPublic,
    PhotoAudienceChanged,
    PhotoRemoved,
    PhotoRestored,
    PhotoTakedownLifted,
    PhotoTakenDown,
    event_type,
)
from domain.recorded import Recorded
from projections.authors import AUTHORS
from projections.ports import Progress
from projections.visibility import VISIBILITY
from streams.ports import EventLog
from streams.relay import RelayCheckpoints
from streams.settling import Leading

SWEEP_S: Final = 5.0
"""How often the logs are looked at."""
_LEVEL_S: Final = 10.0
_PAGE: Final = 500

GATED: Final = frozenset(
    event_type(each).name
    for each in (
        MemberClosed,
        MemberTakedownLifted,
        MemberTakenDown,
        MemberWentPrivate,
        MemberWentPublic,
        PhotoAudienceChanged,
        PhotoRemoved,
        PhotoRestored,
        PhotoTakedownLifted,
        PhotoTakenDown,
    )
)
"""What changes who may see files that are there already."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Gating:
    """Sets gates for as long as it runs; of many processes one does, where there is a `leadership`."""

    log: EventLog
    progress: Progress
    expose: Callable[[Sequence[Recorded]], Awaitable[None]]
    checkpoints: RelayCheckpoints
    leadership: Leading | None = None
    sweep_s: float = SWEEP_S

    async def run(self) -> None:
        """Set gates until cancelled, after whatever goes wrong."""
        while True:
            try:
                if self.leadership is None:
                    await self.sweep()
                else:
                    async with self.leadership.lead("exposing") as lease:
                        while await lease.held():
                            await self.sweep()
                            await asyncio.sleep(self.sweep_s)
            except Exception as error:  # noqa: BLE001 reported, and tried again
                _log.error("gates of files can't be set", exc_info=error)
            await asyncio.sleep(self.sweep_s)

    async def sweep(self) -> None:
        """Go through what is new in every log; a log that can't be gone on with now holds up no other."""
        known = await self.checkpoints.load()
        for log in range(self.log.logs):
            try:
                await self._follow(log, known.get(log, 0))
            except Exception as error:  # noqa: BLE001 reported, and gone on with at the next sweep
                _log.error("gates of files are not set", log=log, exc_info=error)

    async def _follow(self, log: int, after: int) -> None:
        more = True
        while more:
            page = await self.log.read(log, after, _PAGE, GATED, personal=False)
            if page.facts:
                wanted = {log: page.facts[-1].position.number}
                if not await self.progress.wait((VISIBILITY.name, AUTHORS.name), wanted, timeout_s=_LEVEL_S):
                    raise Unavailable("visibility rows do not come level")
                await self.expose(page.facts)
            if page.last > after:
                await self.checkpoints.store({log: page.last})
            after, more = page.last, page.more
