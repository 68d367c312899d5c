"""Every fact that filmroll knows, by feature."""

from domain.events.catalogue import EVENT_TYPES, Event, EventType, event_type
from domain.events.comments import CommentEdited, CommentRemoved, PhotoCommented
from domain.events.follows import FollowAccepted, FollowRequested, FollowRequestEnded, MemberFollowed, MemberUnfollowed
from domain.events.likes import PhotoLiked, PhotoUnliked
from domain.events.members import (
    EmailClaimed,
    EmailReleased,
    MemberRegistered,
    MemberWentPrivate,
    MemberWentPublic,
    ProfileChanged,
    RegistrationAbandoned,
    RoleGranted,
    RoleRevoked,
    SessionEnded,
    SessionOpened,
    SessionRefreshed,
    UsernameClaimed,
)
from domain.events.once import RequestAnswered
from domain.events.photos import (
    PhotoAudienceChanged,
    PhotoDescribed,
    PhotoProcessed,
    PhotoRejected,
    PhotoRemoved,
    PhotoRestored,
    PhotoUploaded,
    UploadRequested,
    UploadUsed,
)

__all__ = [
    "EVENT_TYPES",
    "CommentEdited",
    "CommentRemoved",
    "EmailClaimed",
    "EmailReleased",
    "Event",
    "EventType",
    "FollowAccepted",
    "FollowRequestEnded",
    "FollowRequested",
    "MemberFollowed",
    "MemberRegistered",
    "MemberUnfollowed",
    "MemberWentPrivate",
    "MemberWentPublic",
    "PhotoAudienceChanged",
    "PhotoCommented",
    "PhotoDescribed",
    "PhotoLiked",
    "PhotoProcessed",
    "PhotoRejected",
    "PhotoRemoved",
    "PhotoRestored",
    "PhotoUnliked",
    "PhotoUploaded",
    "ProfileChanged",
    "RegistrationAbandoned",
    "RequestAnswered",
    "RoleGranted",
    "RoleRevoked",
    "SessionEnded",
    "SessionOpened",
    "SessionRefreshed",
    "UploadRequested",
    "UploadUsed",
    "UsernameClaimed",
    "event_type",
]
