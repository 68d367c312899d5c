"""Profiles: who a member says they are."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from domain.events import AvatarRemoved, AvatarRendered, MemberErased, MemberRegistered, ProfileChanged
from domain.ids import MemberId
from domain.images import Rendition
from domain.recorded import Recorded
from projections.rows import Change, Drop, Look, Projection, Put, row


@row("profiles", key=("member_id",), orders=(("username",),))
class ProfileRow:
    """A member as others see them; privacy and closing lie with the visibility rows."""

    member_id: MemberId
    username: str
    first_name: str
    last_name: str
    bio: str
    created_at: datetime
    avatar: Rendition | None = None


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """One row a member."""
    match fact.event:
        case MemberErased(member_id=member):
            yield Drop(ProfileRow, (member,))
        case MemberRegistered() as made:
            yield Put(ProfileRow(made.member_id, made.username, made.first_name, made.last_name, "", made.at))
        case ProfileChanged() as change:
            profile = look.get(ProfileRow, change.member_id)
            if profile is not None:
                yield Put(replace(profile, first_name=change.first_name, last_name=change.last_name, bio=change.bio))
        case AvatarRendered(member_id=member, rendition=avatar):
            profile = look.get(ProfileRow, member)
            if profile is not None:
                yield Put(replace(profile, avatar=avatar))
        case AvatarRemoved(member_id=member):
            profile = look.get(ProfileRow, member)
            if profile is not None:
                yield Put(replace(profile, avatar=None))


PROFILES = Projection(
    name="profiles",
    version=2,
    handles=(MemberRegistered, ProfileChanged, AvatarRendered, AvatarRemoved, MemberErased),
    rows=(ProfileRow,),
    project=project,
)
