"""Mutes: whom a member mutes; what a mute hides lies with the visibility rows."""

from collections.abc import Iterator
from datetime import datetime

from domain.events import MemberMuted, MemberUnmuted
from domain.ids import MemberId
from domain.recorded import Recorded
from projections.rows import Change, Drop, Look, Projection, Put, row


@row("mutes", key=("muter_id", "muted_id"), orders=(("muter_id", "since", "muted_id"),))
class MuteRow:
    """A mute that stands."""

    muter_id: MemberId
    muted_id: MemberId
    since: datetime


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """A row while the mute stands."""
    del look
    match fact.event:
        case MemberMuted(muter_id=muter, muted_id=muted):
            yield Put(MuteRow(muter, muted, fact.recorded_at))
        case MemberUnmuted(muter_id=muter, muted_id=muted):
            yield Drop(MuteRow, (muter, muted))


MUTES = Projection(name="mutes", version=1, handles=(MemberMuted, MemberUnmuted), rows=(MuteRow,), project=project)
