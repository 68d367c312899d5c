"""The ports over the rows of the visibility projection: `Immediate`, `Sight` and `Sessions`."""

from collections.abc import Iterable, Mapping, Sequence

from domain.ids import CommentId, MemberId, PhotoId, SessionId
from domain.recorded import Recorded
from domain.visibility import MemberState, PhotoState, Relation
from infra.sqlite.connections import reading
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.pages import ANY_OF, any_of
from infra.sqlite.readers import Reader
from projections.visibility import (
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


class SqliteImmediate:
    """Applies what restricts before a command answers."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def apply(self, recorded: Sequence[Recorded]) -> None:
        """Apply the rows of those events; what the projection doesn't handle is ignored."""
        facts = [fact for fact in recorded if type(fact.event) in VISIBILITY.handles]
        if facts:
            await self._models.apply(VISIBILITY, facts)


class SqliteSight:
    """The rows that the visibility rule reads, as fresh as the last command."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def photos(self, photo_ids: Iterable[PhotoId]) -> Mapping[PhotoId, PhotoState]:
        """What is known of each photo; unknown ones are left out."""
        wanted = any_of(photo_ids)
        found = await self._models.read(
            VISIBILITY,
            lambda reader: reader.rows(PhotoStateRow, f"WHERE photo_id {ANY_OF} AND NOT _dropped", wanted),
        )
        return {row.photo_id: photo_state(row) for row in found}

    async def members(self, member_ids: Iterable[MemberId]) -> Mapping[MemberId, MemberState]:
        """What is known of each member; unknown ones are left out."""
        wanted = any_of(member_ids)
        found = await self._models.read(
            VISIBILITY,
            lambda reader: reader.rows(MemberStateRow, f"WHERE member_id {ANY_OF} AND NOT _dropped", wanted),
        )
        return {row.member_id: member_state(row) for row in found}

    async def relations(self, viewer: MemberId, others: Iterable[MemberId]) -> Mapping[MemberId, Relation]:
        """How the viewer stands to each of the others; every one asked for is in the answer."""
        asked = list(others)
        wanted = any_of(asked)

        def ties(reader: Reader) -> dict[MemberId, Relation]:
            with reading(reader.connection):
                out = f"WHERE follower_id = ? AND followed_id {ANY_OF} AND NOT _dropped"
                back = f"WHERE follower_id {ANY_OF} AND followed_id = ? AND NOT _dropped"
                follows = reader.rows(FollowStateRow, out, viewer, wanted)
                follows += reader.rows(FollowStateRow, back, wanted, viewer)
                blocked = f"WHERE member_id = ? AND other_id {ANY_OF} AND NOT _dropped"
                blocks = reader.rows(BlockStateRow, blocked, viewer, wanted)
                muted = f"WHERE muter_id = ? AND muted_id {ANY_OF} AND NOT _dropped"
                mutes = reader.rows(MuteStateRow, muted, viewer, wanted)
            return relations_of(viewer, asked, follows=follows, blocks=blocks, mutes=mutes)

        return await self._models.read(VISIBILITY, ties)

    async def gone_comments(self, comment_ids: Iterable[CommentId]) -> frozenset[CommentId]:
        """Which of the comments were deleted or taken down: nobody sees them, whatever lists still hold."""
        wanted = any_of(comment_ids)
        found = await self._models.read(
            VISIBILITY,
            lambda reader: reader.rows(GoneCommentRow, f"WHERE comment_id {ANY_OF} AND NOT _dropped", wanted),
        )
        return frozenset(row.comment_id for row in found)


class SqliteSessions:
    """Which sessions are over."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def ended(self, session_id: SessionId, member_id: MemberId) -> bool:
        """Whether its tokens no longer count, or those of all of the member's sessions."""
        tail = "WHERE session_id IN (?, ?) AND NOT _dropped"
        found = await self._models.read(
            VISIBILITY, lambda reader: reader.rows(EndedSessionRow, tail, session_id, member_id)
        )
        return bool(found)
