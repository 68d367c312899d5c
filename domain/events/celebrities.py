"""What many followers make of an author; home: the author."""

from datetime import datetime

from domain.events.catalogue import event
from domain.ids import MemberId


@event("author.became_celebrity.v1")
class AuthorBecameCelebrity:
    """An author came to so many followers that from now on their photos are merged into feeds, not fanned out."""

    at: datetime
    member_id: MemberId
    followers: int


@event("author.ceased_celebrity.v1")
class AuthorCeasedCelebrity:
    """An author fell to so few followers that from now on their photos are fanned out again."""

    at: datetime
    member_id: MemberId
    followers: int
