"""How the rows of each class lie in Cassandra: into how many partitions they fall, and what may be written ahead.

Every table is partitioned by a shard, the hash of the first field of its key, and clustered by the whole key. So rows
of many owners go out in one batch of one partition (ten times the throughput of single rows), and every list that is
read, one owner's, is one slice of one partition. Rows that end by themselves are partitioned by month besides. The
number of shards is fixed when a build is made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from projections.albums import AlbumRow
from projections.comments import CommentRow
from projections.notifications import MentionsRow, NoticeActorRow, NoticeRow
from projections.photos import PhotoRow
from projections.processing import WaitingDetectionRow, WaitingPhotoRow, WaitingPreviewRow
from projections.profiles import ProfileRow
from projections.reports import ReportRow
from projections.settling import OpenedAccountRow, UnsettledBlockRow
from projections.similar import DescriptorRow
from projections.tags import PhotoTagsRow, TaggedPhotoRow, TagUseRow
from projections.timelines import STORED, CelebrityRow, ChunkRow, HotAuthorRow, TimelinePhotoRow, TimelineRow
from projections.uploads import OpenUploadRow
from projections.visibility import ShareStateRow

SHARDS: Final = 256
"""Keeps partitions of timelines, a month each, under 100 MB up to some 300,000 members."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What is special about a class of rows.

    `most_shards` bounds the partitions of a table that is read across owners. `ahead` marks rows that no projection
    ever looks at: they may be written while a batch is still being projected, so that a fan-out needs no memory.
    `grace_s` is how long deletes are remembered by the servers. `vector` names the field by which the servers find the
    nearest rows. `kept` says how long rows are kept after the month in which the second field of their key, an id, was
    made: they are of use for no longer, and end then by themselves. `worded` marks rows that hold words of members,
    which are to leave the servers' files soon after they were replaced or deleted.
    """

    most_shards: int = 1 << 16
    ahead: bool = False
    grace_s: int = 864_000
    vector: str = ""
    kept: timedelta | None = None
    worded: bool = False


_WORDED: Final = Layout(worded=True)
_NAMED: Final = Layout(worded=True, grace_s=86_400)
"""Words stand in keys as well, or in those of an order: what remembers a delete holds them."""
_PLAIN: Final = Layout()
_LAYOUTS: Final[Mapping[type, Layout]] = {
    TimelineRow: Layout(ahead=True, kept=STORED),
    # Read whole, by everybody who reads a feed; chunks are a queue as well.
    HotAuthorRow: Layout(most_shards=4, ahead=True, grace_s=86_400),
    ChunkRow: Layout(most_shards=4, ahead=True, grace_s=86_400),
    CelebrityRow: Layout(most_shards=4),
    # Read for a thousand authors at once, where a feed goes on past what is stored.
    TimelinePhotoRow: Layout(most_shards=64),
    # Queues: read from their first row on, over what was deleted before; so few partitions and deletes soon forgotten.
    WaitingPhotoRow: Layout(most_shards=4, grace_s=86_400),
    UnsettledBlockRow: Layout(most_shards=4, grace_s=86_400),
    OpenedAccountRow: Layout(most_shards=4, grace_s=86_400),
    WaitingPreviewRow: Layout(most_shards=4, grace_s=86_400),
    WaitingDetectionRow: Layout(most_shards=4, grace_s=86_400),
    OpenUploadRow: Layout(most_shards=4, grace_s=86_400),
    DescriptorRow: Layout(vector="descriptor"),
    AlbumRow: _WORDED,
    CommentRow: _WORDED,
    MentionsRow: _WORDED,
    NoticeActorRow: _NAMED,
    NoticeRow: _NAMED,
    PhotoRow: _WORDED,
    PhotoTagsRow: _WORDED,
    ProfileRow: _NAMED,
    ReportRow: _WORDED,
    ShareStateRow: _WORDED,
    TagUseRow: _NAMED,
    TaggedPhotoRow: _NAMED,
}


def layout_of(cls: type) -> Layout:
    """How rows of a class lie."""
    return _LAYOUTS.get(cls, _PLAIN)


@lru_cache(1 << 16)
def shard_of(first: object, shards: int) -> int:
    """The partition of rows whose key begins so: stable across processes and versions."""
    return (
        int.from_bytes(blake2b(str(first).encode("utf-8", "backslashreplace"), digest_size=4).digest(), "big") % shards
    )
