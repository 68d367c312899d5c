"""The port `Views` over Redis: hashes of counts, kept as long as Redis keeps anything."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from redis.asyncio import Redis

from commands.errors import Unavailable
from domain.ids import PhotoId
from infra.redis.connecting import send
from infra.redis.keys import group_of
from projections.stores import OutOfReachError


class RedisViews:
    """How often photos were viewed; what is counted while Redis is away is refused with `commands.errors.Unavailable`."""

    def __init__(self, client: Redis, *, realm: str) -> None:
        self._client = client
        self._realm = realm

    async def add(self, photo_ids: Iterable[PhotoId]) -> None:
        """One view more of each."""
        await send(self._client, [("HINCRBY", self._key(group_of(photo)), photo, 1) for photo in photo_ids])

    async def of(self, photo_ids: Iterable[PhotoId]) -> Mapping[PhotoId, int]:
        """The views of each photo that has any."""
        groups: defaultdict[int, list[PhotoId]] = defaultdict(list)
        for photo in dict.fromkeys(photo_ids):
            groups[group_of(photo)].append(photo)
        calls = [("HMGET", self._key(group), *photos) for group, photos in groups.items()]
        try:
            answers = await send(self._client, calls)
        except Unavailable as error:
            raise OutOfReachError("views") from error
        found: dict[PhotoId, int] = {}
        for photos, counts in zip(groups.values(), answers, strict=True):
            found.update({photo: int(count) for photo, count in zip(photos, counts, strict=True) if count})
        return found

    def _key(self, group: int) -> str:
        return f"{self._realm}:views:{group}"
