"""The ports over the rows of the visibility projection: `Immediate`, `Sight` and `Sessions`.

Written and read at quorum, so what a command applied before it answered is seen by every read after that, whichever
server answers. A relation is the row of either direction, asked for by its key.
"""

from collections.abc import Iterable, Mapping, Sequence

from domain.ids import MemberId, PhotoId, SessionId
from domain.recorded import Recorded
from domain.visibility import MemberState, PhotoState, Relation
from infra.cassandra.models import CassandraModels
from projections.visibility import VISIBILITY, EndedSessionRow, FollowStateRow, MemberStateRow, PhotoStateRow


class CassandraImmediate:
    """Applies what restricts before a command answers."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def apply(self, recorded: Sequence[Recorded]) -> None:
        """Apply the rows of those events; what the projection doesn't handle is ignored."""
        facts = [fact for fact in recorded if type(fact.event) in VISIBILITY.handles]
        if facts:
            await self._models.apply(VISIBILITY, facts)


class CassandraSight:
    """The rows that the visibility rule reads, as fresh as the last command."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def photos(self, photo_ids: Iterable[PhotoId]) -> Mapping[PhotoId, PhotoState]:
        """What is known of each photo; unknown ones are left out."""
        reader = await self._models.live(VISIBILITY)
        return {
            row.photo_id: PhotoState(row.photo_id, row.owner_id, row.status, row.audience, row.removed)
            for row in await reader.some(PhotoStateRow, ((photo,) for photo in photo_ids))
        }

    async def members(self, member_ids: Iterable[MemberId]) -> Mapping[MemberId, MemberState]:
        """What is known of each member; unknown ones are left out."""
        reader = await self._models.live(VISIBILITY)
        found = await reader.some(MemberStateRow, ((member,) for member in member_ids))
        return {row.member_id: MemberState(row.member_id, row.private) for row in found}

    async def relations(self, viewer: MemberId, others: Iterable[MemberId]) -> Mapping[MemberId, Relation]:
        """How the viewer stands to each of the others; every one asked for is in the answer."""
        asked = list(others)
        reader = await self._models.live(VISIBILITY)
        pairs = [pair for other in asked for pair in ((viewer, other), (other, viewer))]
        states = {(row.follower_id, row.followed_id): row.state for row in await reader.some(FollowStateRow, pairs)}
        return {
            other: Relation(
                following=states.get((viewer, other)) == "yes",
                followed_by=states.get((other, viewer)) == "yes",
                requested=states.get((viewer, other)) == "requested",
            )
            for other in asked
        }


class CassandraSessions:
    """Which sessions are over."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def ended(self, session_id: SessionId) -> bool:
        """Whether its tokens no longer count."""
        reader = await self._models.live(VISIBILITY)
        return bool(await reader.some(EndedSessionRow, [(session_id,)]))
