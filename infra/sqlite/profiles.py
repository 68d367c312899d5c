"""The port `Profiles` over SQLite."""

from collections.abc import Iterable, Mapping

from domain.ids import MemberId
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.pages import ANY_OF, any_of
from projections.profiles import PROFILES, ProfileRow


class SqliteProfiles:
    """Members as they present themselves."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def by_ids(self, member_ids: Iterable[MemberId]) -> Mapping[MemberId, ProfileRow]:
        """Those that are known."""
        wanted = any_of(member_ids)
        found = await self._models.read(
            PROFILES, lambda reader: reader.rows(ProfileRow, f"WHERE member_id {ANY_OF}", wanted)
        )
        return {row.member_id: row for row in found}

    async def by_username(self, username: str) -> ProfileRow | None:
        """The member of that name; names are recorded in their folded form."""
        folded = username.casefold()
        found = await self._models.read(
            PROFILES, lambda reader: reader.rows(ProfileRow, "WHERE username = ? LIMIT 1", folded)
        )
        return found[0] if found else None
