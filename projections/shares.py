"""Shares: the links that each member has out; what opens one lies with the visibility rows."""

from collections.abc import Iterator
from datetime import datetime

from domain.events import ShareCreated, ShareRevoked
from domain.ids import MemberId, ShareId
from domain.recorded import Recorded
from projections.rows import Change, Drop, Look, Projection, Put, row


@row("shares", key=("owner_id", "share_id"))
class ShareRow:
    """A link that was not taken back."""

    owner_id: MemberId
    share_id: ShareId
    subject: str
    expires_at: datetime | None
    protected: bool
    show_metadata: bool
    created_at: datetime


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """A row while the link is out."""
    del look
    match fact.event:
        case ShareCreated() as made:
            protected = bool(made.password_hash)
            yield Put(
                ShareRow(
                    owner_id=made.owner_id,
                    share_id=made.share_id,
                    subject=made.subject,
                    expires_at=made.expires_at,
                    protected=protected,
                    show_metadata=made.show_metadata,
                    created_at=made.at,
                )
            )
        case ShareRevoked(owner_id=owner, share_id=share):
            yield Drop(ShareRow, (owner, share))


SHARES = Projection(name="shares", version=1, handles=(ShareCreated, ShareRevoked), rows=(ShareRow,), project=project)
