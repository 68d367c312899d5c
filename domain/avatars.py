"""Avatars: decisions over the part of a member's stream that says which picture stands for them."""

from datetime import datetime

from domain.events import AvatarChosen, AvatarRejected, AvatarRemoved, AvatarRendered, Event, UploadRequested
from domain.ids import UploadId
from domain.images import Rendition
from domain.members import Member, known_member
from domain.uploads import object_key


def choose(member: Member, upload: UploadRequested, at: datetime) -> list[Event]:
    """Let an uploaded file become the avatar, in the place of one that still waits to."""
    known = known_member(member)
    waiting = known.avatar_waiting
    if waiting is not None and waiting.upload_id == upload.upload_id:
        return []
    return [
        AvatarChosen(
            at=at,
            member_id=known.member_id,
            upload_id=upload.upload_id,
            object_key=upload.object_key,
            content_type=upload.content_type,
            sha256=upload.sha256,
            instead_of=None if waiting is None else waiting.upload_id,
        )
    ]


def finish(member: Member, upload_id: UploadId, rendition: Rendition, at: datetime) -> list[Event]:
    """Record what rendering gave, if that is still the file that is wanted."""
    if member.avatar_waiting is None or member.avatar_waiting.upload_id != upload_id:
        return []
    return [AvatarRendered(at=at, member_id=member.member_id, upload_id=upload_id, rendition=rendition)]


def reject(member: Member, upload_id: UploadId, code: str, detail: str, at: datetime) -> list[Event]:
    """Record that a file can't be an avatar."""
    if member.avatar_waiting is None or member.avatar_waiting.upload_id != upload_id:
        return []
    return [AvatarRejected(at=at, member_id=member.member_id, upload_id=upload_id, code=code, detail=detail)]


def remove(member: Member, at: datetime) -> list[Event]:
    """Be without one; again changes nothing."""
    known = known_member(member)
    waiting = known.avatar_waiting
    if known.avatar is None and waiting is None:
        return []
    instead_of = None if waiting is None else waiting.upload_id
    return [AvatarRemoved(at=at, member_id=known.member_id, instead_of=instead_of)]


def wanted(member: Member, upload_id: UploadId) -> bool:
    """Whether that file is the avatar, or still to be; of any other nothing is needed."""
    waiting = member.avatar_waiting
    return member.avatar_upload == upload_id or (waiting is not None and waiting.upload_id == upload_id)


def files(member: Member) -> tuple[str, ...]:
    """The keys of the files of the avatar that a member has, its original among them."""
    if member.avatar is None or member.avatar_upload is None:
        return ()
    return (object_key(member.avatar_upload), *(variant.key for variant in member.avatar.variants))
