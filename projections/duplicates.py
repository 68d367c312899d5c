"""Duplicates: which of a member's photos came from the same bytes, or look alike; and what was decided about them.

All facts of a member lie in one log, so groups come out the same however logs are interleaved.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from domain.duplicates import NEAR, bands, far
from domain.events import DuplicatesDecided, MemberErased, PhotoProcessed, PhotoRendered
from domain.ids import MemberId, PhotoId
from domain.positions import place_of
from domain.recorded import Recorded
from projections.rows import Change, Drop, Look, Projection, Put, Row, key_of, row


@row("fingerprints", key=("owner_id", "sha256", "photo_id"))
class FingerprintRow:
    """A photo under the SHA-256 of its original."""

    owner_id: MemberId
    sha256: str
    photo_id: PhotoId


@row("likenesses", key=("owner_id", "band", "photo_id", "perceptual_hash"))
class LikenessRow:
    """A photo under one part of its perceptual hash (or all of its SHA-256), which it shares with what may be a copy.

    Written once, by the first fact that says so.
    """

    owner_id: MemberId
    band: str
    photo_id: PhotoId
    perceptual_hash: str


@row("alike", key=("owner_id", "since", "photo_id"))
class AlikeRow:
    """What one fact found to be copies of each other, the photo itself included, oldest first; never changed.

    Groups are put together from these when they are read. So what a fact writes does not depend on what later facts
    wrote, and hosts that go over a piece of the log again come to the same rows.
    """

    owner_id: MemberId
    since: str
    photo_id: PhotoId
    photo_ids: tuple[str, ...]


class Grouped(NamedTuple):
    """A photo in a group, which is named by the oldest photo that it began with."""

    group_id: PhotoId
    photo_id: PhotoId


@row("duplicates_decided", key=("owner_id", "group_id"))
class DecidedRow:
    """What was decided last about a group: which photos it was about."""

    owner_id: MemberId
    group_id: PhotoId
    photo_ids: tuple[str, ...]


_ROWS: Final[tuple[type, ...]] = (FingerprintRow, LikenessRow, AlikeRow, DecidedRow)


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """Rows for every photo that was ever developed; whether it still counts is decided at read."""
    match fact.event:
        case PhotoProcessed(owner_id=owner, sha256=sha256, photo_id=photo, likeness=likeness):
            yield Put(FingerprintRow(owner, sha256, photo))
            yield from _compared(fact, owner, photo, sha256, likeness.perceptual_hash if likeness else "", look)
        case PhotoRendered(owner_id=owner, photo_id=photo, likeness=likeness) if likeness is not None:
            yield from _compared(fact, owner, photo, "", likeness.perceptual_hash, look)
        case DuplicatesDecided(member_id=owner, group_id=group, photo_ids=photos):
            yield Put(DecidedRow(owner, group, photos))
        case MemberErased(member_id=owner):
            for cls in _ROWS:
                rows: list[Row] = list(look.list(cls, owner))
                yield from (Drop(cls, key_of(each)) for each in rows)


def _compared(
    fact: Recorded, owner: MemberId, photo: PhotoId, sha256: str, hashed: str, look: Look
) -> Iterator[Change]:
    """Enter a photo, with all that it is a copy of."""
    exact = [(f"={sha256}", "")] if sha256 else []
    near = [(band, hashed) for band in bands(hashed)] if hashed else []
    alike: set[PhotoId] = set()
    for band, own in (*exact, *near):
        entered = False
        for other in look.list(LikenessRow, owner, band):
            if other.photo_id != photo and (not own or far(own, other.perceptual_hash) <= NEAR):
                alike.add(other.photo_id)
            entered |= (other.photo_id, other.perceptual_hash) == (photo, own)
        if not entered:
            yield Put(LikenessRow(owner, band, photo, own))
    if alike:
        yield Put(AlikeRow(owner, place_of(fact.position.number), photo, tuple(sorted({photo, *alike}))))


def groups(found: Iterable[AlikeRow]) -> list[Grouped]:
    """The groups that come of what was found, in its order: by the group's id, then by the photo's.

    Copies come into one group, with all that were in one with any of them already; the oldest group's name stays.
    """
    group_of: dict[PhotoId, PhotoId] = {}
    members: defaultdict[PhotoId, set[PhotoId]] = defaultdict(set)
    for each in found:
        known = sorted({group_of[photo] for photo in each.photo_ids if photo in group_of})
        into = known[0] if known else each.photo_ids[0]
        joined = set(each.photo_ids).union(*(members.pop(group) for group in known[1:]))
        members[into] |= joined
        group_of.update(dict.fromkeys(joined, into))
    return sorted(Grouped(group, photo) for photo, group in group_of.items())


DUPLICATES = Projection(
    name="duplicates",
    version=3,
    handles=(PhotoProcessed, PhotoRendered, DuplicatesDecided, MemberErased),
    rows=_ROWS,
    project=project,
)
