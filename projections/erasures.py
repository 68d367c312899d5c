"""Erasures: who left, what still has to be done about it, and what was."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from domain.events import ErasureFinished, MemberClosed, MemberErased
from domain.ids import MemberId
from domain.recorded import Recorded
from projections.rows import Change, Drop, Look, Projection, Put, row

ALL: Final = "all"


@row("erasures", key=("member_id",))
class ErasureRow:
    """How far an erasure has come; the numbers are there once the member is erased."""

    member_id: MemberId
    closed_at: datetime
    erased_at: datetime | None = None
    finished_at: datetime | None = None
    likes: int = 0
    comments: int = 0
    follows: int = 0
    photos: int = 0
    albums: int = 0
    shares: int = 0
    files: int = 0


@row("erasing", key=("list", "member_id"))
class ErasingRow:
    """A member whose erasure is not finished; all lie in one list."""

    list: str
    member_id: MemberId
    closed_at: datetime


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """A row for each who left, and one more as long as there is something to do."""
    match fact.event:
        case MemberClosed(member_id=member):
            yield Put(ErasureRow(member, fact.recorded_at))
            yield Put(ErasingRow(ALL, member, fact.recorded_at))
        case MemberErased() as done:
            known = look.get(ErasureRow, done.member_id)
            if known is not None:
                yield Put(
                    replace(
                        known,
                        erased_at=fact.recorded_at,
                        likes=done.likes,
                        comments=done.comments,
                        follows=done.follows,
                        photos=done.photos,
                        albums=done.albums,
                        shares=done.shares,
                        files=done.files,
                    )
                )
        case ErasureFinished(member_id=member):
            known = look.get(ErasureRow, member)
            if known is not None:
                yield Put(replace(known, finished_at=fact.recorded_at))
            yield Drop(ErasingRow, (ALL, member))


ERASURES: Final = Projection(
    name="erasures",
    version=1,
    handles=(MemberClosed, MemberErased, ErasureFinished),
    rows=(ErasureRow, ErasingRow),
    project=project,
)
