"""The port `Similar` over Cassandra, whose own index finds the nearest vectors (approximately, by a graph)."""

from collections.abc import Sequence

from domain.ids import PhotoId
from infra.cassandra.models import CassandraModels
from projections.similar import SIMILAR, DescriptorRow


class CassandraSimilar:
    """Photos by what they look like."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def descriptor(self, photo_id: PhotoId) -> tuple[int, ...] | None:
        """What the photo is compared by."""
        reader = await self._models.live(SIMILAR)
        found = await reader.some(DescriptorRow, [(photo_id,)])
        return tuple(map(int, found[0].descriptor)) if found else None

    async def nearest(self, descriptor: Sequence[int], *, limit: int) -> Sequence[tuple[PhotoId, float]]:
        """The nearest, best first; equals by their ids, the newest first."""
        reader = await self._models.live(SIMILAR)
        found = await reader.nearest(DescriptorRow, list(map(float, descriptor)), limit)
        return sorted(((key[0], near) for key, near in found), key=lambda one: (one[1], one[0]), reverse=True)
