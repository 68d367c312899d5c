"""Comments, as a viewer sees them."""

from collections.abc import Sequence

from api.answers import stamp, stamp_or_none
from api.ports import Reads
from api.showing.members import HIDDEN, cards
from api.showing.shown import Shown
from projections.comments import CommentRow


async def comments(reads: Reads, rows: Sequence[CommentRow]) -> list[Shown]:
    """Each comment with its author; one of an author who is not shown stands there hidden."""
    authors = await cards(reads, (row.member_id for row in rows))
    return [present(row, author) for row, author in zip(rows, authors, strict=True)]


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
