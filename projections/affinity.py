"""Affinity: what each reader liked and said of whose photos, by time; feeds rank by what was given of late.

What was given counts whether or not the photo is still there; a like or a comment that was taken back does not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.events import CommentRemoved, PhotoCommented, PhotoLiked, PhotoUnliked
from domain.ids import MemberId
from domain.recorded import Recorded
from projections.rows import Change, Drop, Look, Projection, Put, row

LIKE: Final = "like"
COMMENT: Final = "comment"


@dataclass(frozen=True, slots=True)
class Given:
    """How many likes and comments a reader gave an author."""

    likes: int = 0
    comments: int = 0


NOTHING: Final = Given()


@row("given", key=("reader_id", "kind", "subject"), orders=(("reader_id", "at", "kind", "subject", "owner_id"),))
class GivenRow:
    """A like (the subject is the photo) or a comment (the subject is itself) that a reader gave an author."""

    reader_id: MemberId
    kind: str
    subject: str
    owner_id: MemberId
    at: datetime


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """A row while the like or the comment stands; what members give to themselves counts for nothing."""
    del look
    match fact.event:
        case PhotoLiked(member_id=reader, owner_id=owner, photo_id=photo) if reader != owner:
            yield Put(GivenRow(reader, LIKE, photo, owner, fact.recorded_at))
        case PhotoUnliked(member_id=reader, owner_id=owner, photo_id=photo) if reader != owner:
            yield Drop(GivenRow, (reader, LIKE, photo))
        case PhotoCommented(member_id=reader, owner_id=owner, comment_id=comment) if reader != owner:
            yield Put(GivenRow(reader, COMMENT, comment, owner, fact.recorded_at))
        case CommentRemoved(member_id=reader, owner_id=owner, comment_id=comment) if reader != owner:
            yield Drop(GivenRow, (reader, COMMENT, comment))


AFFINITY: Final = Projection(
    name="affinity",
    version=1,
    handles=(PhotoLiked, PhotoUnliked, PhotoCommented, CommentRemoved),
    rows=(GivenRow,),
    project=project,
)
