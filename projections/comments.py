"""Comments: what was written under a photo."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from domain.events import (
    CommentEdited,
    CommentRemoved,
    CommentTakedownLifted,
    CommentTakenDown,
    PhotoCommented,
)
from domain.ids import CommentId, MemberId, PhotoId
from domain.recorded import Recorded
from projections.rows import Change, Drop, Look, Projection, Put, row


@row("comments", key=("photo_id", "comment_id"), orders=(("comment_id",),))
class CommentRow:
    """A comment as it stands."""

    photo_id: PhotoId
    comment_id: CommentId
    owner_id: MemberId
    member_id: MemberId
    text: str
    reply_to: CommentId | None
    mentions: tuple[str, ...]
    created_at: datetime
    edited_at: datetime | None


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """A row while the comment stands; replies to a deleted one stay."""
    match fact.event:
        case PhotoCommented() as made:
            yield Put(
                CommentRow(
                    photo_id=made.photo_id,
                    comment_id=made.comment_id,
                    owner_id=made.owner_id,
                    member_id=made.member_id,
                    text=made.text,
                    reply_to=made.reply_to,
                    mentions=made.mentions,
                    created_at=made.at,
                    edited_at=None,
                )
            )
        case CommentEdited(photo_id=photo, comment_id=comment, text=text, mentions=mentions, at=at):
            before = look.get(CommentRow, photo, comment)
            if before is not None:
                yield Put(replace(before, text=text, mentions=mentions, edited_at=at))
        case CommentRemoved(photo_id=photo, comment_id=comment) | CommentTakenDown(photo_id=photo, comment_id=comment):
            yield Drop(CommentRow, (photo, comment))
        case CommentTakedownLifted() as back:
            yield Put(
                CommentRow(
                    photo_id=back.photo_id,
                    comment_id=back.comment_id,
                    owner_id=back.owner_id,
                    member_id=back.member_id,
                    text=back.text,
                    reply_to=back.reply_to,
                    mentions=back.mentions,
                    created_at=back.written_at,
                    edited_at=back.edited_at,
                )
            )


COMMENTS = Projection(
    name="comments",
    version=2,
    handles=(PhotoCommented, CommentEdited, CommentRemoved, CommentTakenDown, CommentTakedownLifted),
    rows=(CommentRow,),
    project=project,
)
