"""What is asked of the event store while the read store is down, so that commands which need no read go on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from commands.errors import Unavailable
from domain.ids import MemberId, SessionId
from projections.grounds import doubted
from projections.ports import Sessions
from projections.stores import NoLiveModelError

AWAY: Final = (Unavailable, NoLiveModelError)
"""What ports raise while a store is down."""


@dataclass(frozen=True, slots=True)
class StandbySessions:
    """The port `Sessions`: by the read model, and while that can't be read by the record itself."""

    shown: Sessions
    recorded: Callable[[SessionId, MemberId], Awaitable[bool]]

    async def ended(self, session_id: SessionId, member_id: MemberId) -> bool:
        """Whether its tokens no longer count, or those of all of the member's sessions."""
        try:
            return await self.shown.ended(session_id, member_id)
        except AWAY:
            doubted()
            return await self.recorded(session_id, member_id)
