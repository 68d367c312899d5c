"""Duplicates: which of a member's photos came from the same bytes, or look alike; and what was decided about them.

All facts of a member lie in one log, so groups come out the same however logs are interleaved.
"""

from collections.abc import Iterator
from typing import Final

from domain.duplicates import NEAR, bands, far
from domain.events import DuplicatesDecided, MemberErased, PhotoProcessed, PhotoRendered
from domain.ids import MemberId, PhotoId
from domain.recorded import Recorded
from projections.rows import Change, Drop, Look, Projection, Put, Row, key_of, row


@row("fingerprints", key=("owner_id", "sha256", "photo_id"))
class FingerprintRow:
    """A photo under the SHA-256 of its original."""

    owner_id: MemberId
    sha256: str
    photo_id: PhotoId


@row("likenesses", key=("owner_id", "band", "photo_id"))
class LikenessRow:
    """A photo under one part of its perceptual hash (or all of its SHA-256), which it shares with what may be a copy."""

    owner_id: MemberId
    band: str
    photo_id: PhotoId
    perceptual_hash: str


@row("grouped", key=("owner_id", "photo_id"))
class GroupedRow:
    """The group of a photo that has duplicates: named by the oldest photo that it began with."""

    owner_id: MemberId
    photo_id: PhotoId
    group_id: PhotoId


@row("duplicate_groups", key=("owner_id", "group_id", "photo_id"))
class GroupRow:
    """The same, the other way round."""

    owner_id: MemberId
    group_id: PhotoId
    photo_id: PhotoId


@row("duplicates_decided", key=("owner_id", "group_id"))
class DecidedRow:
    """What was decided last about a group: which photos it was about."""

    owner_id: MemberId
    group_id: PhotoId
    photo_ids: tuple[str, ...]


_ROWS: Final[tuple[type, ...]] = (FingerprintRow, LikenessRow, GroupedRow, GroupRow, DecidedRow)


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """Rows for every photo that was ever developed; whether it still counts is decided at read."""
    match fact.event:
        case PhotoProcessed(owner_id=owner, sha256=sha256, photo_id=photo, likeness=likeness):
            yield Put(FingerprintRow(owner, sha256, photo))
            yield from _compared(owner, photo, sha256, likeness.perceptual_hash if likeness else "", look)
        case PhotoRendered(owner_id=owner, photo_id=photo, likeness=likeness) if likeness is not None:
            yield from _compared(owner, photo, "", likeness.perceptual_hash, look)
        case DuplicatesDecided(member_id=owner, group_id=group, photo_ids=photos):
            yield Put(DecidedRow(owner, group, photos))
        case MemberErased(member_id=owner):
            for cls in _ROWS:
                rows: list[Row] = list(look.list(cls, owner))
                yield from (Drop(cls, key_of(each)) for each in rows)


def _compared(owner: MemberId, photo: PhotoId, sha256: str, hashed: str, look: Look) -> Iterator[Change]:
    """Enter a photo, and join it with all that it is a copy of."""
    exact = [(f"={sha256}", "")] if sha256 else []
    near = [(band, hashed) for band in bands(hashed)] if hashed else []
    alike: set[PhotoId] = set()
    for band, own in (*exact, *near):
        for other in look.list(LikenessRow, owner, band):
            if other.photo_id != photo and (not own or far(own, other.perceptual_hash) <= NEAR):
                alike.add(other.photo_id)
        yield Put(LikenessRow(owner, band, photo, own))
    if alike:
        yield from _joined(owner, sorted({photo, *alike}), look)


def _joined(owner: MemberId, photos: list[PhotoId], look: Look) -> Iterator[Change]:
    """Put photos into one group, with all that were in one with any of them already; the oldest group's name stays."""

    def group_of(photo: PhotoId) -> str:
        found = look.get(GroupedRow, owner, photo)
        return "" if found is None else found.group_id

    groups = sorted({group_of(photo) for photo in photos} - {""})
    into = groups[0] if groups else photos[0]
    moved = [each.photo_id for group in groups[1:] for each in look.list(GroupRow, owner, group)]
    for photo in sorted({*photos, *moved}):
        before = group_of(photo)
        if before != into:
            if before:
                yield Drop(GroupRow, (owner, before, photo))
            yield Put(GroupedRow(owner, photo, into))
            yield Put(GroupRow(owner, into, photo))


DUPLICATES = Projection(
    name="duplicates",
    version=2,
    handles=(PhotoProcessed, PhotoRendered, DuplicatesDecided, MemberErased),
    rows=_ROWS,
    project=project,
)
