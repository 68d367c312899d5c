"""Notifications, as their member sees them: without those whom they muted or who are hidden from them, and without
what they may not see (any more).
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from api.answers import stamp
from api.ports import Reads
from api.showing.members import HIDDEN, card
from api.showing.shown import Shown
from domain import notifications
from domain.ids import CommentId, MemberId, PhotoId
from domain.notifications import Kind
from domain.visibility import STRANGERS, MemberState, PhotoState, Relation, may_see_member, may_see_photo
from projections.notifications import NoticeActorRow, NoticeRow, mentioned, notice_of
from projections.ports import Told, Upto
from projections.profiles import ProfileRow

MODELS: Final = ("visibility", "profiles", "notifications")
"""The read models that notifications are made from."""
_LOOKED_AT: Final = 100
_NAMED: Final = 10


async def newest(reads: Reads, me: ProfileRow, before: Upto | None, limit: int) -> list[NoticeRow]:
    """What a member is told of, by id and by name, newest first."""
    both = await asyncio.gather(
        *(
            reads.notifications.page(recipient, before=before, limit=limit)
            for recipient in (me.member_id, mentioned(me.username))
        )
    )
    rows = sorted((row for rows in both for row in rows), key=lambda row: (row.at, row.kind, row.subject), reverse=True)
    return rows[:limit]


async def shown(reads: Reads, me: ProfileRow, rows: Sequence[NoticeRow], seen: datetime | None) -> list[Shown | None]:
    """Each as the member sees it; None where nothing is left of it."""
    notices = [notice_of(row.recipient, row.kind, row.subject) for row in rows]
    told = await reads.notifications.actors(notices, limit=_LOOKED_AT)
    actor_ids = list(dict.fromkeys(actor.actor_id for each in told.values() for actor in each.newest))
    photo_ids = list(dict.fromkeys(photo for row in rows if (photo := _photo(row)) is not None))
    comment_ids = [
        actor.source
        for row, notice in zip(rows, notices, strict=True)
        if _commented(row)
        for actor in told[notice].newest
    ]
    photos, gone, heard = await asyncio.gather(
        _visible(reads, me.member_id, photo_ids),
        reads.sight.gone_comments(comment_ids) if comment_ids else _nothing(),
        _heard(reads, me.member_id, actor_ids),
    )
    profiles = await reads.profiles.by_ids(actor_ids) if actor_ids else {}

    def card_of(member_id: MemberId) -> Shown:
        return card(profiles.get(member_id), reads.files)

    def one(row: NoticeRow, held: Told) -> Shown | None:
        photo_id = _photo(row)
        if row.at < me.created_at or (photo_id is not None and photo_id not in photos):
            return None
        left = [
            actor for actor in held.newest if actor.actor_id in heard and not (_commented(row) and actor.source in gone)
        ]
        return _present(row, left, held.count - len(held.newest), photo_id, card_of, seen)

    return [one(row, told[notice]) for row, notice in zip(rows, notices, strict=True)]


def _present(
    row: NoticeRow,
    left: Sequence[NoticeActorRow],
    more: int,
    photo_id: PhotoId | None,
    card_of: Callable[[MemberId], Shown],
    seen: datetime | None,
) -> Shown | None:
    people = list(dict.fromkeys(actor.actor_id for actor in left))
    cards = [found for person in people[:_NAMED] if (found := card_of(person)) is not HIDDEN]
    if not cards:
        return None
    read = seen is not None and row.at <= seen
    count = len(people) + more
    newest_comment: CommentId | None = left[0].source if _commented(row) else None
    body = {
        "notification_id": notifications.id_of(row.recipient, row.kind, row.subject, row.since),
        "kind": row.kind,
        "actors": [each.body for each in cards],
        "count": count,
        "photo_id": photo_id,
        "comment_id": newest_comment,
        "created_at": stamp(row.since),
        "updated_at": stamp(row.at),
        "seen": read,
    }
    return Shown(body, (row.kind, row.subject, row.at, count, read, newest_comment, *(each.version for each in cards)))


def _photo(row: NoticeRow) -> PhotoId | None:
    match row.kind:
        case Kind.LIKE | Kind.COMMENT:
            return row.subject
        case Kind.MENTION:
            return row.subject.partition(":")[2]
        case _:
            return None


def _commented(row: NoticeRow) -> bool:
    return row.kind == Kind.COMMENT or row.subject.startswith("comments:")


async def _visible(reads: Reads, me: MemberId, photo_ids: Sequence[PhotoId]) -> frozenset[PhotoId]:
    if not photo_ids:
        return frozenset()
    states = await reads.sight.photos(photo_ids)
    owner_ids = list(dict.fromkeys(state.owner_id for state in states.values()))
    owners, relations = await asyncio.gather(
        reads.sight.members(owner_ids), reads.sight.relations(me, [each for each in owner_ids if each != me])
    )

    def may(state: PhotoState) -> bool:
        owner = owners.get(state.owner_id, MemberState(state.owner_id))
        return may_see_photo(me, state, owner, relations.get(state.owner_id, STRANGERS))

    return frozenset(photo_id for photo_id, state in states.items() if may(state))


async def _heard(reads: Reads, me: MemberId, actor_ids: Sequence[MemberId]) -> frozenset[MemberId]:
    """Those whom the member hears of: whoever is muted, hidden or gone is silent, and so are they themselves."""
    others = [actor for actor in actor_ids if actor != me]
    if not others:
        return frozenset()
    states, relations = await asyncio.gather(reads.sight.members(others), reads.sight.relations(me, others))

    def heard(actor: MemberId, relation: Relation) -> bool:
        return not relation.muted and may_see_member(me, states.get(actor, MemberState(actor)), relation)

    return frozenset(actor for actor in others if heard(actor, relations[actor]))


async def _nothing() -> frozenset[CommentId]:
    return frozenset()
