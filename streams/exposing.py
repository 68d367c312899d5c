"""Exposing: a reaction that sets the gates of files where the command that was to do so could not, as a store was away.

It goes through the event store after a checkpoint of its own, waits until the visibility rows know of a fact, and sets
the gates by those rows; the checkpoint moves when they are set. So nothing is passed over, whatever is away or killed,
and what the command itself did is set once more to the same effect.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from commands.errors import Unavailable
from domain.events import (
    MemberClosed,
    MemberTakedownLifted,
    MemberTakenDown,
    MemberWentPrivate,
    MemberWentPublic,
    PhotoAudienceChanged,
    PhotoMoved,
    PhotoProcessed,
    PhotoRemoved,
    PhotoRendered,
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
from streams.trailing import SWEEP_S, Trail

_LEVEL_S: Final = 10.0

GATED: Final = frozenset(
    event_type(each).name
    for each in (
        MemberClosed,
        MemberTakedownLifted,
        MemberTakenDown,
        MemberWentPrivate,
        MemberWentPublic,
        PhotoAudienceChanged,
        PhotoMoved,
        PhotoProcessed,
        PhotoRemoved,
        PhotoRendered,
        PhotoRestored,
        PhotoTakedownLifted,
        PhotoTakenDown,
    )
)
"""What changes who may see files, or which there are."""


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
        await self._trail().run()

    async def sweep(self) -> None:
        """Go through what is new in every log; a log that can't be gone on with now holds up no other."""
        await self._trail().sweep()

    def _trail(self) -> Trail:
        return Trail("exposing", self.log, GATED, self._set, self.checkpoints, self.leadership, self.sweep_s)

    async def _set(self, log: int, facts: Sequence[Recorded]) -> int:
        wanted = {log: facts[-1].position.number}
        if not await self.progress.wait((VISIBILITY.name, AUTHORS.name), wanted, timeout_s=_LEVEL_S):
            raise Unavailable("visibility rows do not come level")
        await self.expose(facts)
        return len(facts)
