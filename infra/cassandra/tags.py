"""The port `Tags` over Cassandra."""

import asyncio
from collections.abc import Mapping, Sequence

from domain.ids import PhotoId
from infra.cassandra.models import CassandraModels
from infra.cassandra.reading import past
from projections.tags import TAGS, TaggedPhotoRow, TagUseRow


class CassandraTags:
    """Photos by their tags."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def page(self, tag: str, *, before: PhotoId | None, limit: int) -> Sequence[PhotoId]:
        """Newest first."""
        reader = await self._models.live(TAGS)
        found = await reader.page(TaggedPhotoRow, tag, past(before), limit=limit, newest=True)
        return [row.photo_id for row in found]

    async def uses(self, hours: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """How many public photos of each hour have which tag, counted by the servers."""
        reader = await self._models.live(TAGS)
        counts = await asyncio.gather(*(reader.counts(TagUseRow, hour) for hour in hours))
        return dict(zip(hours, counts, strict=True))
