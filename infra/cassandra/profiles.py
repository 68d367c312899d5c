"""The port `Profiles` over Cassandra."""

from collections.abc import Iterable, Mapping

from domain.ids import MemberId
from infra.cassandra.models import CassandraModels
from projections.profiles import PROFILES, ProfileRow

_BY_NAME = 0


class CassandraProfiles:
    """Members as they present themselves."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def by_ids(self, member_ids: Iterable[MemberId]) -> Mapping[MemberId, ProfileRow]:
        """Those that are known."""
        reader = await self._models.live(PROFILES)
        found = await reader.some(ProfileRow, ((member,) for member in member_ids))
        return {row.member_id: row for row in found}

    async def by_username(self, username: str) -> ProfileRow | None:
        """The member of that name; names are recorded in their folded form."""
        reader = await self._models.live(PROFILES)
        found = await reader.page(ProfileRow, username.casefold(), (), limit=1, newest=False, order=_BY_NAME)
        return found[0] if found else None
