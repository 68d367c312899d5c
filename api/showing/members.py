"""Members and member cards, as a viewer sees them."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from api.answers import stamp
from api.ports import Files, Reads
from api.showing.images import image
from api.showing.shown import Shown
from domain.errors import Forbidden, NotFound
from domain.ids import MemberId
from domain.texts import USERNAME
from domain.visibility import STRANGERS, MemberState, Relation, may_see_lists, may_see_member, may_see_profile
from projections.counters import Kind
from projections.grounds import doubted
from projections.profiles import ProfileRow
from projections.stores import NoLiveModelError

Counts: TypeAlias = Mapping[tuple[str, Kind], int]
KINDS: Final = (
    Kind.FOLLOWERS,
    Kind.FOLLOWING,
    Kind.PHOTOS_PUBLIC,
    Kind.PHOTOS_FRIENDS,
    Kind.PHOTOS_PRIVATE,
    Kind.PHOTOS_UNREADY,
)
HIDDEN: Final = Shown({"hidden": True}, ("hidden",))


def card(profile: ProfileRow | None, files: Files | None = None) -> Shown:
    """A member in a list; one who is not known here stands in it hidden. `files` says where avatars are."""
    if profile is None:
        return HIDDEN
    avatar = profile.avatar
    body = {
        "member_id": profile.member_id,
        "username": profile.username,
        "first_name": profile.first_name,
        "last_name": profile.last_name,
        "avatar": None if avatar is None or files is None else image(avatar, files, until=None),
    }
    looks = avatar and avatar.variants[0].key
    return Shown(body, (profile.member_id, profile.username, profile.first_name, profile.last_name, looks))


Rule: TypeAlias = Callable[[MemberId | None, MemberState, Relation], bool]
"""Whether the viewer sees a member."""


async def cards(
    reads: Reads, viewer: MemberId | None, member_ids: Iterable[MemberId], *, seen: Rule = may_see_member
) -> list[Shown]:
    """A card for each, in the order asked; whom the viewer may not see stands there hidden.

    The lists of whom the viewer blocks and mutes are for taking that back, so there the rule is `may_see_profile`.
    """
    asked = list(member_ids)
    if not asked:
        return []
    each = list(dict.fromkeys(asked))
    profiles, states, relations = await asyncio.gather(
        reads.profiles.by_ids(each), reads.sight.members(each), relations_to(reads, viewer, each)
    )

    def shown(member_id: MemberId) -> Shown:
        state = states.get(member_id, MemberState(member_id))
        return (
            card(profiles.get(member_id), reads.files)
            if seen(viewer, state, relations.get(member_id, STRANGERS))
            else HIDDEN
        )

    return [shown(member_id) for member_id in asked]


async def relations_to(
    reads: Reads, viewer: MemberId | None, member_ids: Iterable[MemberId]
) -> Mapping[MemberId, Relation]:
    """How the viewer stands to each of these but themselves; nobody stands to anyone without a name."""
    others = [member_id for member_id in member_ids if member_id != viewer]
    return {} if viewer is None or not others else await reads.sight.relations(viewer, others)


async def known(reads: Reads, username: str) -> ProfileRow:
    """The member of that name; 404 where there is none."""
    folded = username.casefold()
    profile = await reads.profiles.by_username(folded) if USERNAME.fullmatch(folded) else None
    if profile is None:
        raise not_found()
    return profile


def not_found() -> NotFound:
    """What is told of a member who is not there, or not for the viewer."""
    return NotFound("member_not_found", "There is no such member.")


async def counts_of(reads: Reads, subjects: Iterable[str], kinds: Iterable[Kind]) -> Counts | None:
    """The counts of several; None while they are unknown, because nothing else has to wait for them."""
    try:
        return await reads.counters.read(subjects, kinds)
    except NoLiveModelError:
        doubted()
        return None


async def standing(reads: Reads, viewer: MemberId | None, other: MemberId) -> tuple[MemberState, Relation]:
    """What the rules need to know of a member and a viewer."""
    if viewer is None or viewer == other:
        return (await reads.sight.members([other])).get(other, MemberState(other)), STRANGERS
    states, relations = await asyncio.gather(reads.sight.members([other]), reads.sight.relations(viewer, [other]))
    return states.get(other, MemberState(other)), relations[other]


async def check_lists(reads: Reads, viewer: MemberId | None, owner: MemberId) -> None:
    """Refuse those whom a private account has not accepted; where either blocks the other, there are no lists."""
    state, relation = await standing(reads, viewer, owner)
    if not may_see_member(viewer, state, relation):
        raise not_found()
    if not may_see_lists(viewer, state, relation):
        raise Forbidden("private_account", "This account shows its lists to accepted followers only.")


async def member(reads: Reads, profile: ProfileRow, viewer: MemberId | None) -> Shown:
    """A member as the viewer sees them; 404 where they don't."""
    (state, relation), counts = await asyncio.gather(
        standing(reads, viewer, profile.member_id), counts_of(reads, [profile.member_id], KINDS)
    )
    if not may_see_profile(viewer, state, relation):
        raise not_found()
    return present(profile, state, relation, viewer, counts, reads.files)


def present(
    profile: ProfileRow,
    state: MemberState,
    relation: Relation,
    viewer: MemberId | None,
    counts: Counts | None,
    files: Files | None = None,
) -> Shown:
    """A member from all that is known; without counts, they are shown as unknown."""
    short = card(profile, files)
    if counts is None:
        told: dict[str, Any] = {"photos": None, "followers": None, "following": None, "stale": True}
    else:
        own = {kind: counts.get((profile.member_id, kind), 0) for kind in KINDS}
        told = {
            "photos": sum(own[kind] for kind in _photo_kinds(viewer, state, relation)),
            "followers": own[Kind.FOLLOWERS],
            "following": own[Kind.FOLLOWING],
        }
    body = {
        **short.body,
        "bio": profile.bio,
        "private": state.private,
        "created_at": stamp(profile.created_at),
        "counts": told,
        "viewer": None if viewer is None else _viewer(relation),
    }
    version = (*short.version, profile.bio, state.private, *told.values(), viewer is None, relation)
    return Shown(body, version)


def _photo_kinds(viewer: MemberId | None, state: MemberState, relation: Relation) -> tuple[Kind, ...]:
    """Which of a member's photos the viewer may see."""
    if viewer == state.member_id:
        return (Kind.PHOTOS_PUBLIC, Kind.PHOTOS_FRIENDS, Kind.PHOTOS_PRIVATE, Kind.PHOTOS_UNREADY)
    if not may_see_lists(viewer, state, relation):
        return ()
    return (Kind.PHOTOS_PUBLIC, Kind.PHOTOS_FRIENDS) if relation.friends else (Kind.PHOTOS_PUBLIC,)


def _viewer(relation: Relation) -> dict[str, Any]:
    following = "yes" if relation.following else "requested" if relation.requested else "no"
    return {
        "following": following,
        "followed_by": relation.followed_by,
        "blocked": relation.blocking,
        "muted": relation.muted,
    }
