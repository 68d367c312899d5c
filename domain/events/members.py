"""What happens to members: accounts, claims, profiles, roles and sessions."""

from datetime import datetime

from domain.events.catalogue import event
from domain.ids import MemberId, SessionId, UploadId
from domain.images import Rendition


@event(
    "member.registered.v1",
    subject="member_id",
    personal=("username", "email", "password_hash", "first_name", "last_name"),
)
class MemberRegistered:
    """Someone became a member."""

    at: datetime
    member_id: MemberId
    username: str
    email: str
    password_hash: str
    first_name: str
    last_name: str


@event("member.registration_abandoned.v1")
class RegistrationAbandoned:
    """A registration that never finished was closed for good, so that its claims could pass to someone else."""

    at: datetime
    member_id: MemberId


@event("member.profile_changed.v1", subject="member_id", personal=("first_name", "last_name", "bio"))
class ProfileChanged:
    """A member changed how they present themselves; the fields hold the profile as it is from now on."""

    at: datetime
    member_id: MemberId
    first_name: str
    last_name: str
    bio: str


@event("member.went_private.v1")
class MemberWentPrivate:
    """A member closed their account to all but accepted followers."""

    at: datetime
    member_id: MemberId


@event("member.went_public.v1")
class MemberWentPublic:
    """A member opened their account to everyone."""

    at: datetime
    member_id: MemberId


@event("member.avatar_chosen.v1")
class AvatarChosen:
    """A member chose an uploaded file as their avatar; the former one stays until it is rendered.

    `instead_of` is the upload that was still waiting to become one.
    """

    at: datetime
    member_id: MemberId
    upload_id: UploadId
    object_key: str
    content_type: str
    sha256: str | None
    instead_of: UploadId | None


@event("member.avatar_rendered.v1")
class AvatarRendered:
    """A member's avatar is ready, and takes the former one's place."""

    at: datetime
    member_id: MemberId
    upload_id: UploadId
    rendition: Rendition


@event("member.avatar_rejected.v1")
class AvatarRejected:
    """A file could not become an avatar; the former one stays."""

    at: datetime
    member_id: MemberId
    upload_id: UploadId
    code: str
    detail: str


@event("member.avatar_removed.v1")
class AvatarRemoved:
    """A member has no avatar any more; `instead_of` is the upload that was waiting to become one."""

    at: datetime
    member_id: MemberId
    instead_of: UploadId | None


@event("member.role_granted.v1")
class RoleGranted:
    """An operator gave a member a role."""

    at: datetime
    member_id: MemberId
    role: str
    granted_by: str


@event("member.role_revoked.v1")
class RoleRevoked:
    """An operator took a role from a member."""

    at: datetime
    member_id: MemberId
    role: str
    revoked_by: str


@event("username.claimed.v1")
class UsernameClaimed:
    """A username was given to a member, never to be given again."""

    at: datetime
    member_id: MemberId


@event("email.claimed.v1")
class EmailClaimed:
    """An email address was reserved for a member who is registering."""

    at: datetime
    member_id: MemberId


@event("email.released.v1")
class EmailReleased:
    """A reserved email address became free again."""

    at: datetime
    member_id: MemberId


@event("session.opened.v1")
class SessionOpened:
    """A member logged in."""

    at: datetime
    session_id: SessionId
    member_id: MemberId
    refresh_hash: str
    expires_at: datetime


@event("session.refreshed.v1")
class SessionRefreshed:
    """A session went on under a new refresh token; the old one no longer counts."""

    at: datetime
    session_id: SessionId
    member_id: MemberId
    refresh_hash: str
    expires_at: datetime


@event("session.ended.v1")
class SessionEnded:
    """A member logged out, or a session was revoked."""

    at: datetime
    session_id: SessionId
    member_id: MemberId
    reason: str
