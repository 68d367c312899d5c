"""The skeleton of the home feed: which photos, in which order, and the key behind each; no documents.

What the viewer may see is decided behind it, over the rows that the visibility rule reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from api.ports import Reads
from api.showing.photos import Hydrated
from domain.ids import MemberId, PhotoId
from domain.visibility import belongs_in_feed

SKELETON_MODELS: Final = ("timelines",)
"""The read models that a skeleton is read from."""


class Order(StrEnum):
    """How the feed is ordered."""

    LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Place:
    """A photo's place in a feed; a later read goes on behind it with its key, which is JSON."""

    photo_id: PhotoId
    key: list[Any]


async def skeleton(reads: Reads, viewer: MemberId, order: Order, key: list[Any] | None, limit: int) -> Sequence[Place]:
    """The places behind a key (None: from the beginning); fewer than `limit` only where the feed ends."""
    del order
    rows = await reads.timelines.page(viewer, before=key[0] if key else None, limit=limit)
    return [Place(row.photo_id, [row.photo_id]) for row in rows]


def belongs(known: Hydrated, place: Place) -> bool:
    """Whether a photo is in the viewer's feed now: their own, and those of members whom they follow and don't mute."""
    state = known.states.get(place.photo_id)
    return (
        state is not None and known.viewer is not None and belongs_in_feed(known.viewer, state, known.relation(state))
    )
