"""Everything that the application is made from: command handlers with their ports bound, query ports, keys, limits."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from prometheus_client.registry import Collector

from api.opening import Matches
from api.ports import Check, EventStream, FileStore, Keyring, Limits, Live, Now, Operations, OwnEvents, Reads
from api.ratelimits import RateLimit
from api.throttling import Tallies
from commands.albums import ChangeAlbum, CreateAlbum, PlacePhoto, RemoveAlbum, TakePhotoOut
from commands.avatars import ChooseAvatar, RemoveAvatar
from commands.blocks import BlockMember, UnblockMember
from commands.closing import CloseAccount
from commands.comments import EditComment, RemoveComment, WriteComment
from commands.deciding import Receipt
from commands.duplicates import DecideDuplicates
from commands.follows import AcceptFollower, AcceptRequests, EndFollow, FollowMember
from commands.likes import LikePhoto, UnlikePhoto
from commands.members import ChangeProfile, RegisterMember
from commands.moderation import FileReport, LiftTakedown, TakeDown
from commands.mutes import MuteMember, UnmuteMember
from commands.notifications import SeeNotifications
from commands.once import Once
from commands.photos import ChangePhoto, EditPhoto, PublishPhoto, RemovePhoto, RestorePhoto
from commands.ports import SignedPut
from commands.sessions import LogIn, Login, LogOut, RefreshSession
from commands.shares import CreateShare, RevokeShare
from commands.uploads import CompleteUpload, RequestUpload, SignedPart
from domain.albums import Album
from domain.blocks import Block
from domain.comments import Comment
from domain.duplicates import Decision
from domain.events import ReportFiled, UploadDivided, UploadRequested
from domain.follows import Follow
from domain.ids import MemberId, SessionId, UploadId
from domain.likes import Like
from domain.members import Member
from domain.mutes import Mute
from domain.photos import Photo
from domain.sessions import Session
from domain.shares import Share
from domain.uploads import Upload

C_contra = TypeVar("C_contra", contravariant=True)
S_co = TypeVar("S_co", covariant=True)


class Handler(Protocol[C_contra, S_co]):
    """A command handler with its ports bound."""

    async def __call__(self, command: C_contra, /) -> S_co:
        """Do what was asked."""
        ...


class HandlerOnce(Protocol[C_contra, S_co]):
    """The same, where a request may carry an idempotency key."""

    async def __call__(self, command: C_contra, /, *, once: Once | None = None) -> S_co:
        """Do what was asked, once."""
        ...


class RequestUploads(Protocol):
    """Records requests for uploads, some of them in parts."""

    async def __call__(
        self,
        requested: Sequence[UploadRequested],
        divided: Mapping[UploadId, UploadDivided] | None = None,
        /,
        *,
        once: Once | None = None,
    ) -> Receipt[tuple[Upload, ...]]:
        """All or none."""
        ...


@dataclass(frozen=True, slots=True)
class Writes:
    """The handlers of `commands`, each under its own name; `functools.partial` binds their ports."""

    register_member: HandlerOnce[RegisterMember, Receipt[Member]]
    change_profile: Handler[ChangeProfile, Receipt[Member]]
    find_member: Callable[[str], Awaitable[MemberId]]
    log_in: Handler[LogIn, Login]
    refresh_session: Handler[RefreshSession, Login]
    log_out: Handler[LogOut, Receipt[Session]]
    session_ended: Callable[[SessionId, MemberId], Awaitable[bool]]
    follow_member: Handler[FollowMember, Receipt[Follow]]
    end_follow: Handler[EndFollow, Receipt[Follow]]
    accept_follower: Handler[AcceptFollower, Receipt[Follow]]
    accept_requests: Handler[AcceptRequests, Receipt[int]]
    block_member: Handler[BlockMember, Receipt[Block]]
    unblock_member: Handler[UnblockMember, Receipt[Block]]
    mute_member: Handler[MuteMember, Receipt[Mute]]
    unmute_member: Handler[UnmuteMember, Receipt[Mute]]
    new_upload: Callable[[RequestUpload], UploadRequested]
    sign_upload: Callable[[UploadRequested], Awaitable[SignedPut]]
    divide_upload: Callable[[UploadRequested], Awaitable[UploadDivided]]
    sign_parts: Callable[[UploadRequested, UploadDivided], Awaitable[Sequence[SignedPart]]]
    request_uploads: RequestUploads
    complete_upload: HandlerOnce[CompleteUpload, Receipt[Upload]]
    choose_avatar: Handler[ChooseAvatar, Receipt[Member]]
    remove_avatar: Handler[RemoveAvatar, Receipt[Member]]
    edit_photo: Handler[EditPhoto, Receipt[Photo]]
    decide_duplicates: Handler[DecideDuplicates, Receipt[Decision]]
    publish_photo: HandlerOnce[PublishPhoto, Receipt[Photo]]
    change_photo: Handler[ChangePhoto, Receipt[Photo]]
    remove_photo: Handler[RemovePhoto, Receipt[Photo]]
    restore_photo: HandlerOnce[RestorePhoto, Receipt[Photo]]
    create_album: HandlerOnce[CreateAlbum, Receipt[Album]]
    change_album: Handler[ChangeAlbum, Receipt[Album]]
    remove_album: Handler[RemoveAlbum, Receipt[Album]]
    place_photo: Handler[PlacePhoto, Receipt[tuple[Any, ...]]]
    take_photo_out: Handler[TakePhotoOut, Receipt[tuple[Any, ...]]]
    create_share: HandlerOnce[CreateShare, Receipt[Share]]
    revoke_share: Handler[RevokeShare, Receipt[Share]]
    see_notifications: HandlerOnce[SeeNotifications, Receipt[datetime | None]]
    file_report: HandlerOnce[FileReport, Receipt[ReportFiled | None]]
    take_down: Handler[TakeDown, Receipt[Any]]
    lift_takedown: Handler[LiftTakedown, Receipt[Any]]
    close_account: Handler[CloseAccount, Receipt[Member]]
    like_photo: Handler[LikePhoto, Receipt[Like]]
    unlike_photo: Handler[UnlikePhoto, Receipt[Like]]
    write_comment: HandlerOnce[WriteComment, Receipt[Comment]]
    edit_comment: Handler[EditComment, Receipt[Comment]]
    remove_comment: Handler[RemoveComment, Receipt[Comment]]
    recall: Handler[Once, Receipt[None] | None]


@dataclass(frozen=True, slots=True)
class Wiring:
    """What `api.app.build_app` is given.

    `secret` signs cursors and positions; `keyring` signs access tokens. `store` is there only where this process takes
    and serves the files itself. `checks` are asked by `/readyz`; `metrics` are the read models whose lag is shown,
    `measures` tell Prometheus more.
    """

    writes: Writes
    reads: Reads
    events: EventStream
    operations: Operations
    keyring: Keyring
    secret: bytes = field(repr=False)
    now: Now
    matches: Matches
    live: Live
    own_events: OwnEvents
    tallies: Tallies
    rate: RateLimit = field(default_factory=RateLimit)
    base_url: str = ""
    store: FileStore[Any] | None = None
    limits: Limits = field(default_factory=Limits)
    checks: Mapping[str, Check] = field(default_factory=dict)
    metrics: Sequence[str] = ()
    measures: Sequence[Collector] = ()
