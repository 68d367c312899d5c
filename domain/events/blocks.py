"""What happens when members want nothing to do with each other; home: the one who blocks."""

from datetime import datetime

from domain.events.catalogue import event
from domain.ids import MemberId


@event("block.started.v1")
class MemberBlocked:
    """A member blocked another: each is hidden from the other, and following ends both ways."""

    at: datetime
    blocker_id: MemberId
    blocked_id: MemberId


@event("block.ended.v1")
class MemberUnblocked:
    """A member took a block back; follows that it ended stay ended."""

    at: datetime
    blocker_id: MemberId
    blocked_id: MemberId


@event("block.settled.v1")
class BlockSettled:
    """Both follows of the pair know of a block, or its end; `block_version` counts that block's changes up to then."""

    at: datetime
    blocker_id: MemberId
    blocked_id: MemberId
    block_version: int
