"""Every fact that filmroll knows, by feature."""

from domain.events.albums import (
    AlbumAudienceChanged,
    AlbumCreated,
    AlbumDescribed,
    AlbumPhotoPlaced,
    AlbumPhotoTakenOut,
    AlbumRemoved,
)
from domain.events.blocks import BlockSettled, MemberBlocked, MemberUnblocked
from domain.events.catalogue import EVENT_TYPES, Event, EventType, event_type
from domain.events.celebrities import AuthorBecameCelebrity, AuthorCeasedCelebrity
from domain.events.comments import CommentEdited, CommentRemoved, PhotoCommented
from domain.events.follows import (
    FollowAccepted,
    FollowBarred,
    FollowRequested,
    FollowRequestEnded,
    FollowUnbarred,
    MemberFollowed,
    MemberUnfollowed,
    RequestsSettled,
)
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
from domain.events.mutes import MemberMuted, MemberUnmuted
from domain.events.notifications import NotificationsSeen
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
from domain.events.shares import ShareCreated, ShareRevoked

__all__ = [
    "EVENT_TYPES",
    "AlbumAudienceChanged",
    "AlbumCreated",
    "AlbumDescribed",
    "AlbumPhotoPlaced",
    "AlbumPhotoTakenOut",
    "AlbumRemoved",
    "AuthorBecameCelebrity",
    "AuthorCeasedCelebrity",
    "BlockSettled",
    "CommentEdited",
    "CommentRemoved",
    "EmailClaimed",
    "EmailReleased",
    "Event",
    "EventType",
    "FollowAccepted",
    "FollowBarred",
    "FollowRequestEnded",
    "FollowRequested",
    "FollowUnbarred",
    "MemberBlocked",
    "MemberFollowed",
    "MemberMuted",
    "MemberRegistered",
    "MemberUnblocked",
    "MemberUnfollowed",
    "MemberUnmuted",
    "MemberWentPrivate",
    "MemberWentPublic",
    "NotificationsSeen",
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
    "RequestsSettled",
    "RoleGranted",
    "RoleRevoked",
    "SessionEnded",
    "SessionOpened",
    "SessionRefreshed",
    "ShareCreated",
    "ShareRevoked",
    "UploadRequested",
    "UploadUsed",
    "UsernameClaimed",
    "event_type",
]
