"""What happens to notifications; home: the member."""

from datetime import datetime

from domain.events.catalogue import event
from domain.ids import MemberId


@event("notifications.seen.v1")
class NotificationsSeen:
    """A member looked at their notifications: what came until then is new to them no more."""

    at: datetime
    member_id: MemberId
    until: datetime
