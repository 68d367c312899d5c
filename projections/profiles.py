"""Profiles: who a member says they are."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from domain.events import MemberErased, MemberRegistered, ProfileChanged
from domain.ids import MemberId
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


PROFILES = Projection(
    name="profiles",
    version=1,
    handles=(MemberRegistered, ProfileChanged, MemberErased),
    rows=(ProfileRow,),
    project=project,
)
