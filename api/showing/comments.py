"""Comments, as a viewer sees them."""

import asyncio
from collections.abc import Sequence

from api.answers import stamp, stamp_or_none
from api.ports import Reads
from api.showing.members import HIDDEN, cards
from api.showing.shown import Shown
from domain.ids import MemberId
from projections.comments import CommentRow


async def comments(reads: Reads, viewer: MemberId | None, rows: Sequence[CommentRow]) -> list[Shown | None]:
    """Each comment with its author; one of an author who is not shown stands there hidden, a deleted one not at all."""
    if not rows:
        return []
    gone, authors = await asyncio.gather(
        reads.sight.gone_comments(row.comment_id for row in rows),
        cards(reads, viewer, (row.member_id for row in rows)),
    )
    return [None if row.comment_id in gone else present(row, author) for row, author in zip(rows, authors, strict=True)]


def present(row: CommentRow, author: Shown) -> Shown:
    """A comment from all that is known."""
    if author is HIDDEN:
        hidden = {"comment_id": row.comment_id, "hidden": True, "created_at": stamp(row.created_at)}
        return Shown(hidden, (row.comment_id, "hidden"))
    body = {
        "comment_id": row.comment_id,
        "photo_id": row.photo_id,
        "author": author.body,
        "text": row.text,
        "reply_to": row.reply_to,
        "mentions": list(row.mentions),
        "created_at": stamp(row.created_at),
        "edited_at": stamp_or_none(row.edited_at),
    }
    return Shown(body, (row.comment_id, row.edited_at, row.text, author.version))
