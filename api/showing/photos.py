"""Photos: hydrate a list of ids in a few batches, decide what the viewer may see, present it."""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from datetime import datetime
from typing import Any, Final, TypeAlias

from api.answers import stamp, stamp_or_none
from api.ports import Files, Now, Reads
from api.showing.images import SIGNED_FOR, image
from api.showing.members import Counts, card, counts_of, relations_to
from api.showing.shown import Shown
from domain.errors import NotFound
from domain.ids import MemberId, PhotoId, is_id
from domain.images import Rendition
from domain.visibility import STRANGERS, MemberState, PhotoState, Relation, Status, is_public, may_see_photo
from projections.counters import Kind
from projections.grounds import doubted
from projections.photos import PhotoRow
from projections.profiles import ProfileRow
from projections.stores import NoLiveModelError

Told: TypeAlias = tuple[int | None, int | None, int | None]
"""Likes, comments and views, as far as they are known."""
MODELS: Final = ("visibility", "photos", "profiles", "likes", "counters")
"""The read models that a shown photo is made from."""


@dataclass(frozen=True, slots=True)
class Hydrated:
    """All that is known of some photos, for one viewer; no `counts` or `views` at all means that they are unknown now."""

    viewer: MemberId | None
    rows: Mapping[PhotoId, PhotoRow] = field(default_factory=dict)
    states: Mapping[PhotoId, PhotoState] = field(default_factory=dict)
    counts: Counts | None = field(default_factory=dict)
    views: Mapping[PhotoId, int] | None = field(default_factory=dict)
    liked: frozenset[PhotoId] = frozenset()
    owners: Mapping[MemberId, MemberState] = field(default_factory=dict)
    relations: Mapping[MemberId, Relation] = field(default_factory=dict)
    profiles: Mapping[MemberId, ProfileRow] = field(default_factory=dict)

    def owner(self, state: PhotoState) -> MemberState:
        """The owner, as the rules see them."""
        return self.owners.get(state.owner_id, MemberState(state.owner_id))

    def relation(self, state: PhotoState) -> Relation:
        """How the viewer stands to the owner."""
        return self.relations.get(state.owner_id, STRANGERS)

    def visible(self, photo_id: PhotoId) -> PhotoState | None:
        """The photo's state, if the viewer may see it and its document is there.

        States act at once, documents follow: until the document tells the outcome, the photo is still being processed.
        """
        state, row = self.states.get(photo_id), self.rows.get(photo_id)
        if state is None or row is None:
            return None
        if row.rendition is None and row.rejection_code is None:
            state = replace(state, status=Status.PROCESSING)
        seen = may_see_photo(self.viewer, state, self.owner(state), self.relation(state))
        return state if seen else None

    def counted(self, photo_id: PhotoId) -> Told:
        """Likes, comments and views of a photo; None for what is not known."""
        counts, views = self.counts, self.views
        seen = None if views is None else views.get(photo_id, 0)
        if counts is None:
            return None, None, seen
        return counts.get((photo_id, Kind.LIKES), 0), counts.get((photo_id, Kind.COMMENTS), 0), seen

    def with_photo(self, row: PhotoRow, state: PhotoState) -> "Hydrated":
        """The same, but for what a command has just made of one photo."""
        return replace(self, rows={**self.rows, row.photo_id: row}, states={**self.states, row.photo_id: state})


async def hydrate(reads: Reads, viewer: MemberId | None, photo_ids: Iterable[PhotoId]) -> Hydrated:
    """Two rounds of batches, one for each port: what the photos say, then what their owners say."""
    ids = list(dict.fromkeys(photo_ids))
    if not ids:
        return Hydrated(viewer)
    states, rows, counts, views, liked = await together(
        reads.near,
        reads.sight.photos(ids),
        reads.photos.by_ids(ids),
        counts_of(reads, ids, (Kind.LIKES, Kind.COMMENTS)),
        views_of(reads, ids),
        _liked(reads, viewer, ids),
    )
    owner_ids = list(dict.fromkeys(state.owner_id for state in states.values()))
    owners, relations, profiles = await together(
        reads.near,
        reads.sight.members(owner_ids),
        relations_to(reads, viewer, owner_ids),
        reads.profiles.by_ids(owner_ids),
    )
    return Hydrated(viewer, rows, states, counts, views, liked, owners, relations, profiles)


async def together(near: bool, *asked: Coroutine[Any, Any, Any]) -> Sequence[Any]:
    """What several ports answer: one after the other where that is `near` at hand, else side by side."""
    if not near:
        return await asyncio.gather(*asked)
    try:
        return [await each for each in asked]
    finally:
        for each in asked:
            each.close()


async def seen(reads: Reads, viewer: MemberId | None, photo_id: PhotoId) -> PhotoState:
    """The photo, if the viewer may see it; 404 if not."""
    if is_id(photo_id):
        state = (await reads.sight.photos([photo_id])).get(photo_id)
        if state is not None:
            owners, relations = await asyncio.gather(
                reads.sight.members([state.owner_id]), relations_to(reads, viewer, [state.owner_id])
            )
            known = Hydrated(viewer, states={photo_id: state}, owners=owners, relations=relations)
            if may_see_photo(viewer, state, known.owner(state), known.relation(state)):
                return state
    raise not_found()


def not_found() -> NotFound:
    """What is told of a photo that is not there, or not for the viewer."""
    return NotFound("photo_not_found", "There is no such photo.")


def present(known: Hydrated, photo_id: PhotoId, reads: Reads, now: Now) -> Shown | None:
    """A photo as the viewer sees it; None where they don't."""
    state = known.visible(photo_id)
    if state is None:
        return None
    row = known.rows[photo_id]
    mine = known.viewer == state.owner_id
    until = None if is_public(state, known.owner(state)) else reads.files.expiry(now() + SIGNED_FOR)
    return _present(known, row, state, mine=mine, until=until, reads=reads)


def _present(
    known: Hydrated, row: PhotoRow, state: PhotoState, *, mine: bool, until: datetime | None, reads: Reads
) -> Shown:
    owner = card(known.profiles.get(state.owner_id), reads.files)
    counts = counts_told(known.counted(row.photo_id))
    liked = row.photo_id in known.liked
    said = document(row, state, mine=mine, until=until, files=reads.files)
    body = {
        "photo_id": said.pop("photo_id"),
        "owner": owner.body,
        **said,
        "counts": counts,
        "viewer": viewer_told(None if known.viewer is None else (liked, mine)),
    }
    window = until if pictured(row) is not None else None
    version = (row.photo_id, row.changed_at, row.edited_at, state.status, state.audience, owner.version)
    return Shown(body, (*version, *counts.values(), liked, mine, known.viewer is None, window))


def pictured(row: PhotoRow) -> Rendition | None:
    """What there is to see of a photo: all of it, or its first size while the rest is to come."""
    return row.rendition or row.preview


def document(row: PhotoRow, state: PhotoState, *, mine: bool, until: datetime | None, files: Files) -> dict[str, Any]:
    """What a photo's own row and state say of it, from its id on; its owner, counts and the viewer's part go with it."""
    picture = pictured(row)
    return {
        "photo_id": row.photo_id,
        "status": state.status,
        "rejection": _rejection(row) if mine else None,
        "caption": row.caption,
        "alt_text": row.alt_text,
        "tags": list(row.tags),
        "mentions": list(row.mentions),
        "audience": state.audience,
        "created_at": stamp(row.created_at),
        "edited_at": stamp_or_none(row.edited_at),
        "image": None if picture is None else image(picture, files, until=until),
        "taken_at": stamp_or_none(row.taken_at),
        "camera": _camera(row),
        "location": _location(row) if mine or row.show_location else None,
    }


def counts_told(counts: Told) -> dict[str, int | bool | None]:
    """The counts of a photo: likes, comments and views, or that some are unknown."""
    likes, comments, views = counts
    told: dict[str, int | bool | None] = {"likes": likes, "comments": comments, "views": views}
    return {**told, "stale": True} if None in counts else told


def viewer_told(viewer: tuple[bool, bool] | None) -> dict[str, bool] | None:
    """Whether the viewer likes the photo, and whether it is theirs; None for someone who is not logged in."""
    return None if viewer is None else {"liked": viewer[0], "may_edit": viewer[1]}


def _rejection(row: PhotoRow) -> dict[str, Any] | None:
    return None if row.rejection_code is None else {"code": row.rejection_code, "detail": row.rejection_detail or ""}


def _camera(row: PhotoRow) -> dict[str, Any] | None:
    camera = row.camera
    if camera is None or not any(value is not None for value in astuple(camera)):
        return None
    return {
        "make": camera.make,
        "model": camera.model,
        "lens": camera.lens,
        "focal_length_mm": camera.focal_length_mm,
        "aperture": camera.aperture,
        "exposure_s": camera.exposure_s,
        "iso": camera.iso,
    }


def _location(row: PhotoRow) -> dict[str, Any] | None:
    if row.location is None and not row.place:
        return None
    return {
        "latitude": row.location.latitude if row.location else None,
        "longitude": row.location.longitude if row.location else None,
        "place": row.place or None,
    }


async def views_of(reads: Reads, ids: list[PhotoId]) -> Mapping[PhotoId, int] | None:
    """How often each was viewed; None while that is unknown, because nothing else has to wait for it."""
    try:
        return await reads.views.of(ids)
    except NoLiveModelError:
        doubted()
        return None


async def _liked(reads: Reads, viewer: MemberId | None, ids: list[PhotoId]) -> frozenset[PhotoId]:
    return frozenset() if viewer is None else await reads.likes.liked(viewer, ids)
