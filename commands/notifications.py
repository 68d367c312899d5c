"""Notifications: say that they were seen."""

from dataclasses import dataclass
from datetime import datetime

from commands.deciding import Part, Receipt, decide
from commands.once import Once
from commands.ports import Deps
from domain import notifications
from domain.ids import MemberId


@dataclass(frozen=True, slots=True)
class SeeNotifications:
    """Have seen all that came until then."""

    member_id: MemberId
    newest: datetime | None


async def see_notifications(
    command: SeeNotifications, *, deps: Deps, once: Once | None = None
) -> Receipt[datetime | None]:
    """What was seen before, or is not there, changes nothing."""
    at, newest = deps.now(), command.newest
    part: Part[datetime | None] = Part(notifications.stream(command.member_id), notifications.evolve, None)
    return await decide(
        deps,
        part,
        lambda until: [] if newest is None else notifications.see(until, command.member_id, newest, at),
        once=once,
    )
