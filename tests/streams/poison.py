"""A projection that chokes on purpose, to see what hosts do then."""

from domain.events import PhotoLiked, PhotoUnliked
from projections.likes import LIKES, LikeRow
from projections.rows import Projection, Put

BAD = "member-bad"
WORSE = "member-worse"


def project(fact, look):
    """Raises for one member, and writes a row that no column holds for another."""
    if fact.event.member_id == BAD and isinstance(fact.event, PhotoLiked):
        raise ZeroDivisionError("as planned \udcff")
    if fact.event.member_id == WORSE:
        yield Put(LikeRow("half", "written", fact.recorded_at))
        yield Put(LikeRow(None, WORSE, fact.recorded_at))
    yield from LIKES.project(fact, look)


CHOKING = Projection(name="likes", version=1, handles=(PhotoLiked, PhotoUnliked), rows=(LikeRow,), project=project)
