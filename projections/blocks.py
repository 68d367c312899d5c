"""Blocks: whom a member blocks; what a block hides lies with the visibility rows."""

from collections.abc import Iterator
from datetime import datetime

from domain.events import MemberBlocked, MemberUnblocked
from domain.ids import MemberId
from domain.recorded import Recorded
from projections.rows import Change, Drop, Look, Projection, Put, row


@row("blocks", key=("blocker_id", "blocked_id"), orders=(("blocker_id", "since", "blocked_id"),))
class BlockRow:
    """A block that stands."""

    blocker_id: MemberId
    blocked_id: MemberId
    since: datetime


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """A row while the block stands."""
    del look
    match fact.event:
        case MemberBlocked(blocker_id=blocker, blocked_id=blocked):
            yield Put(BlockRow(blocker, blocked, fact.recorded_at))
        case MemberUnblocked(blocker_id=blocker, blocked_id=blocked):
            yield Drop(BlockRow, (blocker, blocked))


BLOCKS = Projection(
    name="blocks", version=1, handles=(MemberBlocked, MemberUnblocked), rows=(BlockRow,), project=project
)
