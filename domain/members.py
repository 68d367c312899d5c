"""Members: registration, profile, privacy and roles, as decisions over one small stream each."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.errors import Contradicted, Invalid, NotFound
from domain.events import (
    AvatarChosen,
    AvatarRejected,
    AvatarRemoved,
    AvatarRendered,
    Event,
    MemberClosed,
    MemberErased,
    MemberRegistered,
    MemberTakedownLifted,
    MemberTakenDown,
    MemberWentPrivate,
    MemberWentPublic,
    ProfileChanged,
    RegistrationAbandoned,
    RequestsSettled,
    RoleGranted,
    RoleRevoked,
)
from domain.homes import Stream
from domain.ids import MemberId, UploadId, slot_of
from domain.images import Rendition

PASSWORD_LEAST: Final = 10
PASSWORD_MOST: Final = 1024
NAME_MOST: Final = 100
BIO_MOST: Final = 2_200


class Role(StrEnum):
    """What a member may do besides being one; granted from the command line only."""

    MEMBER = "member"
    MODERATOR = "moderator"
    ANALYST = "analyst"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Member:
    """What is true of a member now; `opening` while those who asked to follow are let in, after going public."""

    member_id: MemberId = ""
    exists: bool = False
    abandoned: bool = False
    username: str = ""
    password_hash: str = ""
    first_name: str = ""
    last_name: str = ""
    bio: str = ""
    private: bool = False
    opening: bool = False
    taken_down: bool = False
    closed: bool = False
    erased: bool = False
    registered_at: datetime | None = None
    roles: frozenset[str] = frozenset({Role.MEMBER})
    avatar: Rendition | None = None
    avatar_upload: UploadId | None = None
    avatar_waiting: AvatarChosen | None = None


NOBODY: Final = Member()


@dataclass(frozen=True, slots=True)
class Profile:
    """What a registration or a change of profile says; None leaves a field as it is."""

    first_name: str | None = None
    last_name: str | None = None
    bio: str | None = None


def stream(member_id: MemberId) -> Stream:
    """Where a member's account is recorded."""
    return Stream(f"member-{member_id}", slot_of(member_id))


def evolve(member: Member, event: Event) -> Member:
    """What one event changes."""
    match event:
        case MemberRegistered() as made:
            return replace(
                member,
                member_id=made.member_id,
                exists=True,
                username=made.username,
                password_hash=made.password_hash,
                first_name=made.first_name,
                last_name=made.last_name,
                registered_at=made.at,
            )
        case RegistrationAbandoned():
            return replace(member, abandoned=True)
        case ProfileChanged() as change:
            return replace(member, first_name=change.first_name, last_name=change.last_name, bio=change.bio)
        case MemberWentPrivate():
            return replace(member, private=True, opening=False)
        case MemberWentPublic():
            return replace(member, private=False, opening=True)
        case RequestsSettled():
            return replace(member, opening=False)
        case RoleGranted(role=role):
            return replace(member, roles=member.roles | {role})
        case RoleRevoked(role=role):
            return replace(member, roles=member.roles - {role})
        case _:
            return _standing(member, event)


def _standing(member: Member, event: Event) -> Member:
    """What ends an account, or hides it for a while."""
    match event:
        case MemberTakenDown():
            return replace(member, taken_down=True)
        case MemberTakedownLifted():
            return replace(member, taken_down=False)
        case MemberClosed():
            return replace(member, closed=True)
        case MemberErased():
            return replace(member, erased=True)
        case _:
            return _with_avatar(member, event)


def _with_avatar(member: Member, event: Event) -> Member:
    match event:
        case AvatarChosen() as chosen:
            return replace(member, avatar_waiting=chosen)
        case AvatarRendered(rendition=rendition, upload_id=upload):
            return replace(member, avatar=rendition, avatar_upload=upload, avatar_waiting=None)
        case AvatarRejected():
            return replace(member, avatar_waiting=None)
        case AvatarRemoved():
            return replace(member, avatar=None, avatar_upload=None, avatar_waiting=None)
        case _:
            return member


def register(member: Member, registration: MemberRegistered) -> list[Event]:
    """A stream becomes a member once, and never after it was given up."""
    if member.exists or member.abandoned:
        raise Contradicted("registration_abandoned", "This registration was given up; please start again.")
    return [registration]


def abandon(member: Member, member_id: MemberId, at: datetime) -> list[Event]:
    """Close a registration that never happened; nothing to do where it did."""
    return [] if member.exists or member.abandoned else [RegistrationAbandoned(at=at, member_id=member_id)]


def change_profile(member: Member, change: Profile, at: datetime) -> list[Event]:
    """Say what is new; a change to the same words records nothing."""
    known = known_member(member)
    after = ProfileChanged(
        at=at,
        member_id=known.member_id,
        first_name=known.first_name if change.first_name is None else change.first_name,
        last_name=known.last_name if change.last_name is None else change.last_name,
        bio=known.bio if change.bio is None else change.bio,
    )
    same = (after.first_name, after.last_name, after.bio) == (known.first_name, known.last_name, known.bio)
    return [] if same else [after]


def set_private(member: Member, at: datetime, *, private: bool) -> list[Event]:
    """Close or open the account."""
    known = known_member(member)
    if known.private == private:
        return []
    change = MemberWentPrivate if private else MemberWentPublic
    return [change(at=at, member_id=known.member_id)]


def settle_requests(member: Member, at: datetime) -> list[Event]:
    """Record that everyone who had asked was let in, once; an account that is private again has nothing to tell."""
    known = known_member(member)
    return [RequestsSettled(at=at, member_id=known.member_id)] if known.opening else []


def grant(member: Member, role: str, by: str, at: datetime) -> list[Event]:
    """Give a role that the member doesn't have."""
    known = known_member(member)
    if role not in set(Role) - {Role.MEMBER}:
        raise Invalid("unknown_role", "There is no such role.", field="role")
    return [] if role in known.roles else [RoleGranted(at=at, member_id=known.member_id, role=role, granted_by=by)]


def revoke(member: Member, role: str, by: str, at: datetime) -> list[Event]:
    """Take a role that the member has."""
    known = known_member(member)
    if role not in known.roles - {Role.MEMBER}:
        return []
    return [RoleRevoked(at=at, member_id=known.member_id, role=role, revoked_by=by)]


def known_member(member: Member) -> Member:
    """The member, or the refusal that there is none (any more)."""
    if not member.exists or member.closed or member.taken_down:
        raise no_member()
    return member


def no_member() -> NotFound:
    """The refusal that there is no such member."""
    return NotFound("member_not_found", "There is no such member.")


def close(member: Member, at: datetime) -> list[Event]:
    """Close the account for good; again it changes nothing."""
    if not member.exists:
        raise no_member()
    if member.closed:
        return []
    return [MemberClosed(at=at, member_id=member.member_id, private=member.private, taken_down=member.taken_down)]
