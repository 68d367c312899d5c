"""What happens to comments; home: the photo."""

from datetime import datetime

from domain.events.catalogue import event
from domain.ids import CommentId, MemberId, PhotoId


@event("comment.written.v1", subject="member_id", personal=("text", "mentions"))
class PhotoCommented:
    """A member wrote under a photo."""

    at: datetime
    comment_id: CommentId
    photo_id: PhotoId
    owner_id: MemberId
    member_id: MemberId
    text: str
    reply_to: CommentId | None
    mentions: tuple[str, ...]


@event("comment.edited.v1", subject="member_id", personal=("text", "mentions"))
class CommentEdited:
    """The author of a comment changed its text."""

    at: datetime
    comment_id: CommentId
    photo_id: PhotoId
    owner_id: MemberId
    member_id: MemberId
    text: str
    mentions: tuple[str, ...]


@event("comment.removed.v1")
class CommentRemoved:
    """A comment was deleted, by its author, the photo's owner or a moderator (`by` says who)."""

    at: datetime
    comment_id: CommentId
    photo_id: PhotoId
    owner_id: MemberId
    member_id: MemberId
    by: MemberId
