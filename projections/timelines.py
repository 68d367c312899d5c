"""Timelines: the ids of everything that may stand in a member's home feed, written ahead of the read.

A photo and the follows of its author share one home, so who follows at the moment of a photo is known here, live and in
a rebuild alike. Where few follow, the photo is written to them at once; where many do, chunks of work are written
instead, and done later by whoever is free (`streams.fanout`). As long as an author has chunks left they are *hot*:
their own list is merged into feeds at read, so no feed lacks anything meanwhile. Celebrities are always merged, and
never fanned out. What a viewer may see is decided at read; rows of an ended follow stay, because they can show again.

Which rows a timeline has is decided by the events alone: a photo goes to all who follow at that moment, unless its
author is a celebrity; a new follower gets the photos of the last `STORED`, unless the author is a celebrity; all
followers get them when an author ceases to be one.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import blake2b
from itertools import islice
from typing import Final

from domain.events import (
    AuthorBecameCelebrity,
    AuthorCeasedCelebrity,
    FollowAccepted,
    MemberFollowed,
    MemberUnfollowed,
    PhotoUploaded,
)
from domain.ids import MemberId, PhotoId, first_id
from domain.positions import place_of
from domain.recorded import Recorded
from projections.rows import Change, Drop, Look, Projection, Put, row

INLINE: Final = 100
"""Up to so many followers, or photos for a new follower, are written at once."""
BUCKETS: Final = 16
"""Chunks that a photo of an author with more followers is fanned out in; several workers may take them at a time."""
STORED: Final = timedelta(days=92)
"""How far back photos are written into the timeline of a new follower; older ones are read from their authors' lists."""

_ONE: Final = "one"


@row("timelines", key=("member_id", "photo_id"))
class TimelineRow:
    """A photo in a member's timeline."""

    member_id: MemberId
    photo_id: PhotoId
    owner_id: MemberId


@row("hot_authors", key=("owner_id",))
class HotAuthorRow:
    """An author with chunks left to do, and the last fact (its place in the log) that gave such work."""

    owner_id: MemberId
    log: int
    number: int
    at: datetime


@row("fanout_chunks", key=("owner_id", "chunk_id"))
class ChunkRow:
    """Photos that are still to be written into timelines.

    To `follower_id`, else to all in `bucket` who followed when the fact with this number was recorded; `photo_id`, else
    all photos from `oldest` on that were published before that fact.
    """

    owner_id: MemberId
    chunk_id: str
    log: int
    number: int
    at: datetime
    bucket: str
    follower_id: MemberId | None
    photo_id: PhotoId | None
    oldest: PhotoId


@row("timeline_celebrities", key=("owner_id",))
class CelebrityRow:
    """An author with so many followers that their photos are not fanned out."""

    owner_id: MemberId


@row("timeline_celebrity_turns", key=("owner_id", "since"))
class CelebrityTurnRow:
    """That an author became a celebrity, or ceased to be one, at a place in the log; never changed.

    So whoever looks on behalf of an earlier fact finds what held then, however far others have come meanwhile.
    """

    owner_id: MemberId
    since: str
    celebrity: bool


@row("timeline_followers", key=("followed_id", "bucket", "follower_id", "since"))
class TimelineFollowerRow:
    """Someone who follows, from one place in the log up to another (None: still)."""

    followed_id: MemberId
    bucket: str
    follower_id: MemberId
    since: str
    until: str | None

    def followed_at(self, place: str) -> bool:
        """Whether they followed at that place in the log."""
        return self.since < place and (self.until is None or self.until > place)


@row("timeline_photos", key=("owner_id", "photo_id"))
class TimelinePhotoRow:
    """A photo in its author's own list, and its place in the log."""

    owner_id: MemberId
    photo_id: PhotoId
    number: int


def project(fact: Recorded, look: Look, *, inline: int = INLINE) -> Iterator[Change]:
    """Fan a photo out to its author and their followers; fill a new follower's timeline from behind."""
    match fact.event:
        case PhotoUploaded(owner_id=owner, photo_id=photo):
            yield Put(TimelinePhotoRow(owner, photo, fact.position.number))
            yield Put(TimelineRow(owner, photo, owner))
            if not _celebrity(look, owner, fact):
                yield from _fan_out(fact, look, owner, photo, inline)
        case MemberFollowed() | FollowAccepted() as made:
            of = (made.followed_id, bucket_of(made.follower_id), made.follower_id)
            yield Put(TimelineFollowerRow(*of, place_of(fact.position.number), None))
            if not _celebrity(look, made.followed_id, fact):
                yield from _fill(fact, look, made.followed_id, made.follower_id, inline)
        case MemberUnfollowed(followed_id=followed, follower_id=follower):
            for known in look.list(TimelineFollowerRow, followed, bucket_of(follower), follower):
                if known.until is None:
                    yield Put(replace(known, until=place_of(fact.position.number)))
        case AuthorBecameCelebrity(member_id=author):
            yield Put(CelebrityTurnRow(author, place_of(fact.position.number), True))
            yield Put(CelebrityRow(author))
        case AuthorCeasedCelebrity(member_id=author):
            yield Put(CelebrityTurnRow(author, place_of(fact.position.number), False))
            yield Drop(CelebrityRow, (author,))
            yield from _in_buckets(fact, author, None)


def _celebrity(look: Look, author: MemberId, fact: Recorded) -> bool:
    """Whether the author was one when the fact was recorded; others may have come further meanwhile."""
    at = place_of(fact.position.number)
    turns = [turn for turn in look.list(CelebrityTurnRow, author) if turn.since < at]
    return bool(turns) and turns[-1].celebrity


def _fan_out(fact: Recorded, look: Look, owner: MemberId, photo: PhotoId, inline: int) -> Iterator[Change]:
    known = list(islice(look.list(TimelineFollowerRow, owner, limit=inline + 1), inline + 1))
    if len(known) > inline:
        yield from _in_buckets(fact, owner, photo)
        return
    at = place_of(fact.position.number)
    for follower in known:
        if follower.followed_at(at):
            yield Put(TimelineRow(follower.follower_id, photo, owner))


def _fill(fact: Recorded, look: Look, owner: MemberId, follower: MemberId, inline: int) -> Iterator[Change]:
    known = list(islice(look.list(TimelinePhotoRow, owner, limit=inline + 1), inline + 1))
    if len(known) > inline:
        yield Put(HotAuthorRow(owner, fact.position.log, fact.position.number, fact.recorded_at))
        yield Put(_chunk(fact, owner, bucket_of(follower), follower, None))
        return
    oldest = first_id(fact.recorded_at - STORED)
    for photo in known:
        if photo.photo_id >= oldest and photo.number < fact.position.number:
            yield Put(TimelineRow(follower, photo.photo_id, owner))


def _in_buckets(fact: Recorded, owner: MemberId, photo: PhotoId | None) -> Iterator[Change]:
    """A chunk for each bucket of followers; the author is hot until all are done."""
    yield Put(HotAuthorRow(owner, fact.position.log, fact.position.number, fact.recorded_at))
    for bucket in range(BUCKETS):
        yield Put(_chunk(fact, owner, f"{bucket:02}", None, photo))


def _chunk(fact: Recorded, owner: MemberId, bucket: str, follower: MemberId | None, photo: PhotoId | None) -> ChunkRow:
    return ChunkRow(
        owner_id=owner,
        chunk_id=f"{place_of(fact.position.number)}-{bucket if follower is None else _ONE}",
        log=fact.position.log,
        number=fact.position.number,
        at=fact.recorded_at,
        bucket=bucket,
        follower_id=follower,
        photo_id=photo,
        oldest=first_id(fact.recorded_at - STORED),
    )


def bucket_of(follower: MemberId) -> str:
    """The chunk in which a follower is served; a store that spreads timelines by the same hash gets full batches."""
    return f"{int.from_bytes(blake2b(follower.encode(), digest_size=4).digest(), 'big') % BUCKETS:02}"


def build_timelines(*, inline: int = INLINE) -> Projection:
    """The projection, writing at once up to so many rows for a fact."""
    return Projection(
        name="timelines",
        version=4,
        handles=(
            PhotoUploaded,
            MemberFollowed,
            FollowAccepted,
            MemberUnfollowed,
            AuthorBecameCelebrity,
            AuthorCeasedCelebrity,
        ),
        rows=(
            TimelineRow,
            HotAuthorRow,
            ChunkRow,
            TimelineFollowerRow,
            TimelinePhotoRow,
            CelebrityRow,
            CelebrityTurnRow,
        ),
        project=partial(project, inline=inline),
    )


TIMELINES: Final = build_timelines()
