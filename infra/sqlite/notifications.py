"""The port `Notifications` over SQLite."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.ids import MemberId
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.readers import Reader
from infra.sqlite.shapes import LAST, micros
from projections.notifications import NOTIFICATIONS, NoticeActorRow, NoticeRow, NoticesSeenRow
from projections.ports import Told, Upto


class SqliteNotifications:
    """What members are told of."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def page(self, recipient: str, *, before: Upto | None, limit: int) -> Sequence[NoticeRow]:
        """Newest first."""
        beyond = (LAST, "", "") if before is None else (micros(before.at), before.kind, before.subject)
        tail = (
            "WHERE recipient = ? AND (at, kind, subject) < (?, ?, ?) ORDER BY at DESC, kind DESC, subject DESC LIMIT ?"
        )
        return await self._models.read(
            NOTIFICATIONS, lambda reader: reader.rows(NoticeRow, tail, recipient, *beyond, limit)
        )

    async def actors(self, notices: Sequence[str], *, limit: int) -> Mapping[str, Told]:
        """The newest of those who something came from, and how many there are."""

        def look(reader: Reader) -> dict[str, Told]:
            tail = "WHERE notice = ? ORDER BY at DESC, source DESC LIMIT ?"
            count = "SELECT count(*) FROM notice_actors WHERE notice = ?"
            found = {}
            for notice in notices:
                rows = reader.rows(NoticeActorRow, tail, notice, limit)
                whole = len(rows) if len(rows) < limit else int(reader.values(count, notice)[0][0])
                found[notice] = Told(tuple(rows), whole)
            return found

        return await self._models.read(NOTIFICATIONS, look)

    async def seen(self, member_id: MemberId) -> datetime | None:
        """Until when the member has seen what they were told."""
        found = await self._models.read(
            NOTIFICATIONS, lambda reader: reader.rows(NoticesSeenRow, "WHERE member_id = ?", member_id)
        )
        return found[0].until if found else None
