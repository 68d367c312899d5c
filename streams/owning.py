"""A member's own events: what they did, out of all logs, with what is personal in it."""

from collections.abc import AsyncIterator, Mapping
from typing import Final

from domain.events import EmailClaimed, EmailReleased, Event, RequestAnswered, UsernameClaimed, event_type
from domain.ids import MemberId
from domain.recorded import Recorded
from streams.ports import EventLog

_PAGE: Final = 1_000
_DOERS: Final = ("member_id", "follower_id", "blocker_id", "muter_id", "reporter_id", "owner_id")
"""The fields that say who did it, the first that an event has."""
_UNTOLD: Final = (RequestAnswered, UsernameClaimed, EmailClaimed, EmailReleased)
"""What was recorded for the sake of the program alone."""


class OwnEvents:
    """The events of one member, log by log."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    async def heads(self) -> Mapping[int, int]:
        """How far each log goes."""
        return {log: await self._log.head(log) for log in range(self._log.logs)}

    async def of(
        self, member_id: MemberId, after: Mapping[int, int], through: Mapping[int, int]
    ) -> AsyncIterator[Recorded]:
        """What the member did after one position, up to another; in order within a log. Reads every log once."""
        for log, end in sorted(through.items()):
            reached = after.get(log, 0)
            while reached < end:
                page = await self._log.read(log, reached, _PAGE)
                for fact in page.facts:
                    if fact.position.number <= end and doer_of(fact.event) == member_id:
                        yield fact
                if page.last <= reached:
                    break
                reached = page.last


def doer_of(event: Event) -> MemberId | None:
    """Whose event it is: of whom it holds personal fields, else who did it; None for what is nobody's."""
    if isinstance(event, _UNTOLD):
        return None
    subject = event_type(event).subject
    names = (subject, *_DOERS) if subject else _DOERS
    found = next((getattr(event, name) for name in names if hasattr(event, name)), None)
    return found if isinstance(found, str) else None
