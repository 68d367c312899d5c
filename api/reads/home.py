"""The skeleton of the home feed: which photos, in which order, and the key behind each; no documents.

What the viewer may see is decided behind it, over the rows that the visibility rule reads.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final

from api.ports import Reads
from api.problems import Problem
from api.showing.members import counts_of
from api.showing.photos import Hydrated
from api.showing.sighted import is_open
from domain.ids import EPOCH, MemberId, PhotoId, first_id, time_of
from domain.ranking import AFFINITY_SPAN, affinity, score
from domain.visibility import STRANGERS, MemberState, belongs_in_feed, may_see_photo
from projections.affinity import NOTHING
from projections.counters import Kind
from projections.grounds import doubted
from projections.ports import Since

LATEST_MODELS: Final = ("timelines", "follows")
"""The read models that the latest are read from: none that counts, so the feed comes while counts are unknown."""
RANKED_MODELS: Final = (*LATEST_MODELS, "affinity")
"""Those that an order by rank is worked out from."""

RANKED: Final = 500
"""Photos that are ranked: the newest of the last `RANKED_SPAN`."""
RANKED_SPAN: Final = timedelta(days=7)

_FIRST: Final = first_id(EPOCH)
_SPAN: Final = timedelta(days=31)
"""Past the stored window, authors' lists are read so much further back, then twice as far, and so on."""
_ASKED: Final = 256
"""Of so many hot authors it is asked whether the viewer follows them; of more, those whom they follow are looked up."""
_PAGE: Final = 1_000


class Order(StrEnum):
    """How the feed is ordered."""

    LATEST = "latest"
    RANKED = "ranked"


@dataclass(frozen=True, slots=True)
class Place:
    """A photo's place in a feed; a later read goes on behind it with its key, which is JSON."""

    photo_id: PhotoId
    key: list[Any]
    trending: bool = False
    """Whether it stands there because it trends, whoever published it."""


Trends = Callable[[], Awaitable[Sequence[PhotoId]]]
"""What trends for the viewer."""


async def nothing_trends() -> Sequence[PhotoId]:
    """Where only the latest are asked for."""
    return ()


async def skeleton(
    reads: Reads, viewer: MemberId, order: Order, key: list[Any] | None, limit: int, trends: Trends = nothing_trends
) -> Sequence[Place]:
    """The places behind a key (None: from the beginning); fewer than `limit` only where the feed ends."""
    if order is Order.RANKED:
        return await _ranked(reads, viewer, key, limit, trends)
    found = await _latest(reads, viewer, key[0] if key else None, limit)
    return [Place(photo, [photo]) for photo in found]


async def _latest(
    reads: Reads, viewer: MemberId, before: PhotoId | None, limit: int, end: PhotoId = _FIRST
) -> list[PhotoId]:
    """Newest first, down to `end`: what is written ahead, with hot authors merged in; then authors' lists alone."""
    oldest = max(first_id(reads.now() - reads.window), end)
    found: list[PhotoId] = []
    if before is None or before > oldest:
        hot = await _followed(reads, viewer, await reads.timelines.hot())  # before the rows: see the port
        rows = await reads.timelines.page(viewer, before=before, limit=limit, oldest=oldest)
        merged = await reads.timelines.of_authors(hot, before=before, oldest=oldest, limit=limit) if hot else ()
        found = sorted({*merged, *(row.photo_id for row in rows)}, reverse=True)[:limit]
    if len(found) == limit or oldest == end:
        return found
    return [*found, *await _older(reads, viewer, min(before or oldest, oldest), limit - len(found), end)]


async def _older(reads: Reads, viewer: MemberId, before: PhotoId, limit: int, end: PhotoId) -> list[PhotoId]:
    """From the lists of all whom the viewer follows, and their own, one span of time after another."""
    owners = [viewer, *await _following(reads, viewer)]
    found: list[PhotoId] = []
    span = _SPAN
    while len(found) < limit and before > end:
        oldest = max(first_id(time_of(before) - span), end)
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


async def _ranked(reads: Reads, viewer: MemberId, key: list[Any] | None, limit: int, trends: Trends) -> list[Place]:
    """A page of an order that is computed once, and kept for all pages behind the first."""
    if key is None:
        start, new = 0, not await reads.follows.following(viewer, before=None, limit=1)
        order = await _trending(trends) if new else await _rank(reads, viewer)
        name = await reads.frozen.keep(order) if len(order) >= limit else ""
    else:
        name, start, new = key
        kept = await reads.frozen.read(name)
        if kept is None:
            raise Problem(HTTPStatus.BAD_REQUEST, "cursor_invalid", "That order is no longer kept; begin anew.")
        order = list(kept)
    return [Place(photo, [name, at, new], new) for at, photo in enumerate(order[start : start + limit], start + 1)]


async def _trending(trends: Trends) -> list[PhotoId]:
    doubted()  # boards are some seconds old, and nothing tells when they would be others
    return list(await trends())


async def _rank(reads: Reads, viewer: MemberId) -> list[PhotoId]:
    """The newest photos that the viewer may see, by their score and what the viewer gave their authors; ties newest."""
    now = reads.now()
    end = first_id(now - RANKED_SPAN)
    candidates: dict[PhotoId, MemberId] = {}
    before: PhotoId | None = None
    while len(candidates) < RANKED:
        page = await _latest(reads, viewer, before, RANKED, end)
        candidates |= await _shown(reads, viewer, page)
        if len(page) < RANKED:
            break
        before = page[-1]
    newest = list(candidates)[:RANKED]
    counts, given = await asyncio.gather(
        counts_of(reads, newest, (Kind.LIKES, Kind.COMMENTS)),
        reads.affinities.given(viewer, since=now - AFFINITY_SPAN),
    )

    def weight(photo: PhotoId) -> tuple[float, PhotoId]:
        likes, comments = ((counts or {}).get((photo, kind), 0) for kind in (Kind.LIKES, Kind.COMMENTS))
        to = given.get(candidates[photo], NOTHING)
        return score(likes, comments, now - time_of(photo)) * affinity(to.likes, to.comments), photo

    return sorted(newest, key=weight, reverse=True)


async def _shown(reads: Reads, viewer: MemberId, photos: Sequence[PhotoId]) -> dict[PhotoId, MemberId]:
    """Those of some photos that stand in the viewer's feed, with their owners, in the same order."""
    if not photos:
        return {}
    states = await reads.sight.photos(photos)
    owners = {state.owner_id for state in states.values()}
    members, relations = await asyncio.gather(
        reads.sight.members(owners), reads.sight.relations(viewer, owners - {viewer})
    )
    found = {}
    for state in (states[photo] for photo in photos if photo in states):
        relation = relations.get(state.owner_id, STRANGERS)
        owner = members.get(state.owner_id, MemberState(state.owner_id))
        if may_see_photo(viewer, state, owner, relation) and belongs_in_feed(viewer, state, relation):
            found[state.photo_id] = state.owner_id
    return found


def belongs(known: Hydrated, place: Place) -> bool:
    """Whether a photo is in the viewer's feed now: their own, and those of members whom they follow and don't mute.

    What trends is in the feed of somebody new, if it is still for everyone.
    """
    state = known.states.get(place.photo_id)
    if place.trending:
        return state is not None and is_open(state)
    return (
        state is not None and known.viewer is not None and belongs_in_feed(known.viewer, state, known.relation(state))
    )
