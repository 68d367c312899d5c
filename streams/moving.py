"""Moving: a reaction that gives files other keys once their photo is not for everyone any more, and ends the old.

A photo's gates are shut before its owner has an answer; this makes sure that what strangers know of its files is
worth nothing when it is shown again. The same reaction removes what rejected, erased and edited photos left, should
whoever was to do so have been killed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from commands.errors import Unavailable
from domain.events import (
    MemberWentPrivate,
    PhotoAudienceChanged,
    PhotoErased,
    PhotoMoved,
    PhotoRejected,
    PhotoRendered,
    event_type,
)
from domain.ids import MemberId, PhotoId
from domain.recorded import Recorded
from projections.authors import AUTHORS
from projections.photos import PHOTOS
from projections.ports import AuthorLists, Progress
from streams.ports import EventLog
from streams.relay import RelayCheckpoints
from streams.settling import Leading
from streams.trailing import SWEEP_S, Trail

SHOWN_S: Final = 10.0
"""How long old keys are kept for pages that were just given out to those who may see the photo still."""
_AT_ONCE: Final = 4
_LEVEL_S: Final = 10.0
_PAGE: Final = 200

NARROWING: Final = frozenset(event_type(each).name for each in (MemberWentPrivate, PhotoAudienceChanged))
"""What may end that a photo is for everyone; what is removed or taken down comes back under the keys that it had."""
LEAVING: Final = frozenset(event_type(each).name for each in (PhotoErased, PhotoMoved, PhotoRejected, PhotoRendered))
"""What may leave files behind that nothing shows."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Moving:
    """Moves files for as long as it runs; of many processes one does, where there is a `leadership`.

    `move` gives one photo's files other keys (with the time when its owner went private, where that is why), `tidy`
    ends those that nothing shows. Both may be repeated.
    """

    log: EventLog
    progress: Progress
    authors: AuthorLists
    move: Callable[[PhotoId, datetime | None], Awaitable[object]]
    tidy: Callable[[PhotoId], Awaitable[object]]
    now: Callable[[], datetime]
    checkpoints: RelayCheckpoints
    leadership: Leading | None = None
    sweep_s: float = SWEEP_S
    shown_s: float = SHOWN_S

    async def run(self) -> None:
        """Move until cancelled, after whatever goes wrong."""
        await self._trail().run()

    async def sweep(self) -> None:
        """Go through what is new in every log; a log that can't be gone on with now holds up no other."""
        await self._trail().sweep()

    def _trail(self) -> Trail:
        return Trail(
            "moving", self.log, NARROWING | LEAVING, self._react, self.checkpoints, self.leadership, self.sweep_s
        )

    async def _react(self, log: int, facts: Sequence[Recorded]) -> int:
        """What was done before something failed is not done again: a store that fails now and then is got past."""
        for done, fact in enumerate(facts):
            try:
                if not await self._one(log, fact):
                    return done
            except Exception as error:
                if not done:
                    raise
                _log.warning("files are not moved yet", log=log, number=fact.position.number, exc_info=error)
                return done
        return len(facts)

    async def _one(self, log: int, fact: Recorded) -> bool:
        """Whether its time has come."""
        match fact.event:
            case PhotoAudienceChanged(photo_id=photo_id):
                await self.move(photo_id, None)
            case MemberWentPrivate(member_id=member_id):
                await self._level(AUTHORS.name, log, fact)
                await self._move_all(member_id, fact.recorded_at)
            case PhotoRendered(edition=0):
                pass  # by another recipe: the former files stay until they are pruned
            case PhotoMoved() | PhotoRejected() | PhotoErased() | PhotoRendered() as left:
                if self.now() - fact.recorded_at < timedelta(seconds=self.shown_s):
                    return False
                await self._level(PHOTOS.name, log, fact)
                await self.tidy(left.photo_id)
        return True

    async def _move_all(self, owner_id: MemberId, private_at: datetime) -> None:
        before: PhotoId | None = None
        while page := await self.authors.page(owner_id, before=before, limit=_PAGE):
            for at in range(0, len(page), _AT_ONCE):
                await asyncio.gather(*(self.move(photo_id, private_at) for photo_id in page[at : at + _AT_ONCE]))
            before = page[-1]

    async def _level(self, name: str, log: int, fact: Recorded) -> None:
        if not await self.progress.wait((name,), {log: fact.position.number}, timeout_s=_LEVEL_S):
            raise Unavailable(f"{name} does not come level")
