"""The ports `Trending` and `PublicPhotos` over SQLite."""

from collections.abc import Mapping, Sequence

from domain.ids import PhotoId, time_of
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.pages import by_photo
from infra.sqlite.readers import Reader
from infra.sqlite.shapes import HIGHEST, LAST
from projections.analytics import hour_of
from projections.explore import EXPLORE, PublicPhotoRow
from projections.rows import Tally
from projections.trending import TRENDING, Stirred

_BEHIND = "WHERE subject = ? AND (count, kind) < (?, ?) ORDER BY count DESC, kind DESC LIMIT ?"


class SqliteTrending:
    """Photos by what was made of them."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def top(self, places: Mapping[str, Stirred | None], limit: int) -> Mapping[str, Sequence[Stirred]]:
        """For each span (an hour or a day) the photos behind a place; those that nobody reacted to are in none."""

        def read(reader: Reader) -> dict[str, list[Stirred]]:
            return {span: _top(reader, span, place, limit) for span, place in places.items()}

        return await self._models.read(TRENDING, read)

    async def interest(self, photo_ids: Sequence[PhotoId]) -> Mapping[PhotoId, int]:
        """How much was made of each."""

        def read(reader: Reader) -> dict[PhotoId, int]:
            return {photo: _interest(reader, photo) for photo in photo_ids}

        return await self._models.read(TRENDING, read)


class SqlitePublicPhotos:
    """The public photos of hours."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models

    async def newest(self, places: Mapping[str, PhotoId | None], limit: int) -> Mapping[str, Sequence[PhotoId]]:
        """For each hour the photos before one of them, newest first."""

        def read(reader: Reader) -> dict[str, list[PhotoId]]:
            pages = {
                hour: by_photo(reader, PublicPhotoRow, ("hour", hour), before, limit) for hour, before in places.items()
            }
            return {hour: [row.photo_id for row in page] for hour, page in pages.items()}

        return await self._models.read(EXPLORE, read)


def _top(reader: Reader, span: str, place: Stirred | None, limit: int) -> list[Stirred]:
    end = place or Stirred(LAST, HIGHEST)
    return [Stirred(tally.count, tally.kind) for tally in reader.rows(Tally, _BEHIND, span, *end, limit)]


def _interest(reader: Reader, photo: PhotoId) -> int:
    found = reader.rows(Tally, "WHERE subject = ? AND kind = ?", hour_of(time_of(photo)), photo)
    return found[0].count if found else 0
