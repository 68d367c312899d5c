"""Photos in the trash, as their owner sees them: the document with when it was deleted, and no files.

A deleted photo is gone from every read, so nobody is given the address of a file of it; it comes back with restoring.
"""

from collections.abc import Sequence
from dataclasses import replace

from api.answers import stamp
from api.ports import Now, Reads
from api.showing.photos import hydrate, present
from api.showing.shown import Shown
from domain.ids import MemberId
from domain.photos import TRASH_KEPT
from projections.trash import TrashedPhotoRow


async def trashed(reads: Reads, owner: MemberId, rows: Sequence[TrashedPhotoRow], now: Now) -> list[Shown | None]:
    """Each with `deleted_at`; None for what was restored, taken down, or is past the time for restoring."""
    known = await hydrate(reads, owner, [row.photo_id for row in rows])
    oldest = now() - TRASH_KEPT

    def one(row: TrashedPhotoRow) -> Shown | None:
        state, document = known.states.get(row.photo_id), known.rows.get(row.photo_id)
        if state is None or document is None or not state.removed or row.since < oldest:
            return None
        found = present(known.with_photo(document, replace(state, removed=False)), row.photo_id, reads, now)
        if found is None:
            return None
        return Shown({**found.body, "image": None, "deleted_at": stamp(row.since)}, (*found.version, row.since))

    return [one(row) for row in rows]
