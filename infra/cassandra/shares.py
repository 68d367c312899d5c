"""The port `Shares` over Cassandra."""

from collections.abc import Sequence

from domain.ids import MemberId, ShareId
from domain.shares import ShareState
from infra.cassandra.models import CassandraModels
from infra.cassandra.reading import past
from projections.shares import SHARES, ShareRow
from projections.visibility import VISIBILITY, ShareStateRow, share_state


class CassandraShares:
    """Links, by whom they were made and by what they open."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def get(self, share_id: ShareId) -> ShareState | None:
        """What opens a link; None once it is taken back."""
        reader = await self._models.live(VISIBILITY)
        found = await reader.some(ShareStateRow, [(share_id,)])
        return share_state(found[0]) if found else None

    async def of(self, owner_id: MemberId, *, before: ShareId | None, limit: int) -> Sequence[ShareRow]:
        """Newest first."""
        reader = await self._models.live(SHARES)
        return await reader.page(ShareRow, owner_id, past(before), limit=limit, newest=True)
