"""The skeleton of the home feed: which photos, in which order, and the key behind each; no documents.

What the viewer may see is decided behind it, over the rows that the visibility rule reads.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from api.ports import Reads
from api.showing.photos import Hydrated
from domain.ids import EPOCH, MemberId, PhotoId, first_id, time_of
from domain.visibility import belongs_in_feed
from projections.ports import Since

SKELETON_MODELS: Final = ("timelines", "follows")
"""The read models that a skeleton is read from."""

_FIRST: Final = first_id(EPOCH)
_SPAN: Final = timedelta(days=31)
"""Past the stored window, authors' lists are read so much further back, then twice as far, and so on."""
_ASKED: Final = 256
"""Of so many hot authors it is asked whether the viewer follows them; of more, those whom they follow are looked up."""
_PAGE: Final = 1_000


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
    found = await latest(reads, viewer, key[0] if key else None, limit)
    return [Place(photo, [photo]) for photo in found]


async def latest(reads: Reads, viewer: MemberId, before: PhotoId | None, limit: int) -> Sequence[PhotoId]:
    """Newest first: what is written ahead, with the lists of hot authors merged in; then authors' lists alone."""
    oldest = first_id(reads.now() - reads.window)
    found: list[PhotoId] = []
    if before is None or before > oldest:
        hot = await _followed(reads, viewer, await reads.timelines.hot())  # before the rows: see the port
        rows = await reads.timelines.page(viewer, before=before, limit=limit, oldest=oldest)
        merged = await reads.timelines.of_authors(hot, before=before, oldest=oldest, limit=limit) if hot else ()
        found = sorted({*merged, *(row.photo_id for row in rows)}, reverse=True)[:limit]
    if len(found) == limit:
        return found
    return [*found, *await _older(reads, viewer, min(before or oldest, oldest), limit - len(found))]


async def _older(reads: Reads, viewer: MemberId, before: PhotoId, limit: int) -> Sequence[PhotoId]:
    """From the lists of all whom the viewer follows, and their own, one span of time after another."""
    owners = [viewer, *await _following(reads, viewer)]
    found: list[PhotoId] = []
    span = _SPAN
    while len(found) < limit and before > _FIRST:
        oldest = first_id(time_of(before) - span)
        found += await reads.timelines.of_authors(owners, before=before, oldest=oldest, limit=limit - len(found))
        before, span = oldest, 2 * span
    return found


async def _followed(reads: Reads, viewer: MemberId, members: Iterable[MemberId]) -> list[MemberId]:
    """Those of some members whom the viewer follows."""
    asked = [member for member in members if member != viewer]
    if len(asked) > _ASKED:
        return list(set(asked).intersection(await _following(reads, viewer)))
    relations = await reads.sight.relations(viewer, asked) if asked else {}
    return [member for member, relation in relations.items() if relation.following]


async def _following(reads: Reads, viewer: MemberId) -> list[MemberId]:
    found: list[MemberId] = []
    before: Since | None = None
    while rows := await reads.follows.following(viewer, before=before, limit=_PAGE):
        found += [row.followed_id for row in rows]
        before = Since(rows[-1].since, rows[-1].followed_id)
        if len(rows) < _PAGE:
            break
    return found


def belongs(known: Hydrated, place: Place) -> bool:
    """Whether a photo is in the viewer's feed now: their own, and those of members whom they follow and don't mute."""
    state = known.states.get(place.photo_id)
    return (
        state is not None and known.viewer is not None and belongs_in_feed(known.viewer, state, known.relation(state))
    )
