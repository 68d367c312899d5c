"""What happens when a member wants to see less of another; home: the one who mutes."""

from datetime import datetime

from domain.events.catalogue import event
from domain.ids import MemberId


@event("mute.started.v1")
class MemberMuted:
    """A member muted another: nothing of them in the feed and the notifications of the one who mutes."""

    at: datetime
    muter_id: MemberId
    muted_id: MemberId


@event("mute.ended.v1")
class MemberUnmuted:
    """A member took a mute back."""

    at: datetime
    muter_id: MemberId
    muted_id: MemberId
