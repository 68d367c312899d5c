"""Settling: what commands set out to do at other homes, until it is done; a reaction finishes what a crash left.

A command does it right after it has recorded its own fact, and records then that it is done. So as a rule a row stands
for milliseconds; one that stands longer is work.
"""

from collections.abc import Iterator
from datetime import datetime

from domain.events import (
    BlockSettled,
    MemberBlocked,
    MemberUnblocked,
    MemberWentPrivate,
    MemberWentPublic,
    RequestsSettled,
)
from domain.ids import MemberId
from domain.recorded import Recorded
from projections.rows import Change, Drop, Look, Projection, Put, row


@row("unsettled_blocks", key=("blocker_id", "blocked_id"))
class UnsettledBlockRow:
    """A block, or its end, of which the follows of the pair may not have heard."""

    blocker_id: MemberId
    blocked_id: MemberId
    since: datetime


@row("opened_accounts", key=("member_id",))
class OpenedAccountRow:
    """An account that was opened at that place in its log; who had asked to follow may still wait."""

    member_id: MemberId
    since: datetime
    log: int
    number: int


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """A row from the fact that sets something out until the fact that it is done."""
    del look
    match fact.event:
        case MemberBlocked() | MemberUnblocked() as change:
            yield Put(UnsettledBlockRow(change.blocker_id, change.blocked_id, fact.recorded_at))
        case BlockSettled(blocker_id=blocker, blocked_id=blocked):
            yield Drop(UnsettledBlockRow, (blocker, blocked))
        case MemberWentPublic(member_id=member):
            yield Put(OpenedAccountRow(member, fact.recorded_at, fact.position.log, fact.position.number))
        case MemberWentPrivate(member_id=member) | RequestsSettled(member_id=member):
            yield Drop(OpenedAccountRow, (member,))


SETTLING = Projection(
    name="settling",
    version=1,
    handles=(MemberBlocked, MemberUnblocked, BlockSettled, MemberWentPublic, MemberWentPrivate, RequestsSettled),
    rows=(UnsettledBlockRow, OpenedAccountRow),
    project=project,
)
