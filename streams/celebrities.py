"""Celebrities: whoever gained or lost followers is reviewed, and what comes of it is recorded.

Only a saving depends on it, no feed: so authors are noted in memory, and a crossing that a killed process missed is
found with the author's next follower; those who are celebrities are all looked at again from time to time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

import structlog

from domain.celebrities import Thresholds
from domain.events import FollowAccepted, MemberFollowed, MemberUnfollowed
from domain.ids import MemberId
from domain.recorded import Recorded
from projections.counters import COUNTERS, Kind
from projections.ports import Counters, Timelines
from projections.stores import Model, NoLiveModelError

Review = Callable[[MemberId, int], Awaitable[object]]
"""Records what so many followers make of an author."""

SWEEP_S: Final = 60.0
"""How often celebrities are looked at again."""
GATHER_S: Final = 0.2
"""How long authors are gathered before they are looked at together."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Celebrities:
    """Reviews authors for as long as it runs."""

    counters: Counters
    timelines: Timelines
    review: Review
    thresholds: Thresholds
    sweep_s: float = SWEEP_S
    _noted: set[MemberId] = field(default_factory=set)
    _nudged: asyncio.Event = field(default_factory=asyncio.Event)

    def noted(self, authors: Iterable[MemberId]) -> None:
        """These have to be looked at."""
        self._noted.update(authors)
        if self._noted:
            self._nudged.set()

    def fed(self, model: Model, facts: Iterable[Recorded]) -> None:
        """Counters took these facts: whom they gave followers, or took some from, has to be looked at."""
        if model.projection != COUNTERS.name:
            return
        changes = (MemberFollowed, FollowAccepted, MemberUnfollowed)
        self.noted(fact.event.followed_id for fact in facts if isinstance(fact.event, changes))

    async def run(self) -> None:
        """Review until cancelled, after whatever goes wrong."""
        while True:
            try:
                await self.look()
            except NoLiveModelError as error:
                _log.warning("celebrities can't be read now", error=str(error))
            except Exception as error:  # noqa: BLE001 reported, and tried again
                _log.error("authors are not reviewed", exc_info=error)
            try:
                async with asyncio.timeout(self.sweep_s):
                    await self._nudged.wait()
                    await asyncio.sleep(GATHER_S)
            except TimeoutError:
                continue

    async def look(self) -> None:
        """Review everyone who was noted, and every celebrity."""
        self._nudged.clear()
        celebrities = await self.timelines.celebrities()
        noted, self._noted = self._noted, set()
        try:
            asked = noted | celebrities
            counts = await self.counters.read(asked, [Kind.FOLLOWERS]) if asked else {}
            for author in asked:
                followers = counts[author, Kind.FOLLOWERS]
                if author in celebrities or followers >= self.thresholds.up:
                    await self.review(author, followers)
        except BaseException:
            self._noted |= noted
            raise
