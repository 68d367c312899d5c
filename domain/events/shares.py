"""What happens to links that show a photo or an album to whoever holds them; home: the owner."""

from datetime import datetime

from domain.events.catalogue import event
from domain.ids import MemberId, ShareId


@event("share.created.v1", subject="owner_id", personal=("password_hash",))
class ShareCreated:
    """An owner made a link to a photo or an album (`photo:…`, `album:…`); an empty hash asks for no password."""

    at: datetime
    share_id: ShareId
    owner_id: MemberId
    subject: str
    expires_at: datetime | None
    password_hash: str
    show_metadata: bool


@event("share.revoked.v1")
class ShareRevoked:
    """An owner took a link back."""

    at: datetime
    share_id: ShareId
    owner_id: MemberId
