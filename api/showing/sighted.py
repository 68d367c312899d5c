"""What the visibility rule needs to know of photos, without their documents."""

import asyncio
from collections.abc import Iterable

from api.ports import Reads
from api.showing.photos import Hydrated
from domain.ids import MemberId, PhotoId
from domain.visibility import Audience, PhotoState, Status, may_see_photo


async def sighted(reads: Reads, viewer: MemberId | None, photo_ids: Iterable[PhotoId]) -> Hydrated:
    """The states of photos and of their owners, for one viewer."""
    states = await reads.sight.photos(list(dict.fromkeys(photo_ids)))
    owner_ids = list(dict.fromkeys(state.owner_id for state in states.values()))
    others = [owner_id for owner_id in owner_ids if owner_id != viewer]
    if viewer is None or not others:
        return Hydrated(viewer, states=states, owners=await reads.sight.members(owner_ids))
    owners, relations = await asyncio.gather(reads.sight.members(owner_ids), reads.sight.relations(viewer, others))
    return Hydrated(viewer, states=states, owners=owners, relations=relations)


def sees(known: Hydrated, photo_id: PhotoId) -> PhotoState | None:
    """The photo's state, if the viewer may see it."""
    state = known.states.get(photo_id)
    if state is None or not may_see_photo(known.viewer, state, known.owner(state), known.relation(state)):
        return None
    return state


def is_open(state: PhotoState) -> bool:
    """Whether a photo is ready and meant for everyone, as far as its account is."""
    return state.status == Status.READY and state.audience == Audience.PUBLIC
