"""The port `PublicPhotos` over Cassandra: a slice of one partition for each hour."""

import asyncio
from collections.abc import Mapping, Sequence

from domain.ids import PhotoId
from infra.cassandra.models import CassandraModels
from infra.cassandra.reading import past
from projections.explore import EXPLORE, PublicPhotoRow


class CassandraPublicPhotos:
    """The public photos of hours."""

    def __init__(self, models: CassandraModels) -> None:
        self._models = models

    async def newest(self, places: Mapping[str, PhotoId | None], limit: int) -> Mapping[str, Sequence[PhotoId]]:
        """For each hour the photos before one of them, newest first."""
        reader = await self._models.live(EXPLORE)
        pages = await asyncio.gather(
            *(
                reader.page(PublicPhotoRow, hour, past(before), limit=limit, newest=True)
                for hour, before in places.items()
            )
        )
        return {hour: [row.photo_id for row in page] for hour, page in zip(places, pages, strict=True)}
