"""The ports over the rows of the visibility projection: `Immediate`, `Sight` and `Sessions`.

Written and read at quorum, so what a command applied before it answered is seen by every read after that, whichever
server answers. A relation is the rows of either direction, asked for by their keys.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from domain.ids import CommentId, MemberId, PhotoId, SessionId
from domain.recorded import Recorded
from domain.visibility import MemberState, PhotoState, Relation
from infra.cassandra.models import CassandraModels
from projections.visibility import (
    IN,
    OUT,
    VISIBILITY,
    BlockStateRow,
    EndedSessionRow,
    FollowStateRow,
    GoneCommentRow,
    MemberStateRow,
    MuteStateRow,
    PhotoStateRow,
    member_state,
    photo_state,
    relations_of,
)


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
        found = await reader.some(PhotoStateRow, ((photo,) for photo in photo_ids))
        return {row.photo_id: photo_state(row) for row in found}

    async def members(self, member_ids: Iterable[MemberId]) -> Mapping[MemberId, MemberState]:
        """What is known of each member; unknown ones are left out."""
        reader = await self._models.live(VISIBILITY)
        found = await reader.some(MemberStateRow, ((member,) for member in member_ids))
        return {row.member_id: member_state(row) for row in found}

    async def relations(self, viewer: MemberId, others: Iterable[MemberId]) -> Mapping[MemberId, Relation]:
        """How the viewer stands to each of the others; every one asked for is in the answer."""
        asked = list(others)
        reader = await self._models.live(VISIBILITY)
        follows, blocks, mutes = await asyncio.gather(
            reader.some(FollowStateRow, [pair for other in asked for pair in ((viewer, other), (other, viewer))]),
            reader.some(BlockStateRow, [(viewer, other, way) for other in asked for way in (OUT, IN)]),
            reader.some(MuteStateRow, [(viewer, other) for other in asked]),
        )
        return relations_of(viewer, asked, follows=follows, blocks=blocks, mutes=mutes)

    async def gone_comments(self, comment_ids: Iterable[CommentId]) -> frozenset[CommentId]:
        """Which of the comments were deleted or taken down: nobody sees them, whatever lists still hold."""
        reader = await self._models.live(VISIBILITY)
        found = await reader.some(GoneCommentRow, ((comment,) for comment in comment_ids))
        return frozenset(row.comment_id for row in found)


class CassandraSessions:
    """Which sessions are over."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def ended(self, session_id: SessionId, member_id: MemberId) -> bool:
        """Whether its tokens no longer count, or those of all of the member's sessions."""
        reader = await self._models.live(VISIBILITY)
        return bool(await reader.some(EndedSessionRow, [(session_id,), (member_id,)]))
