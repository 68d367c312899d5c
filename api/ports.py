"""What the routes read from and sign with, gathered in plain data; adapters are chosen in `infra`."""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol, TypeAlias, TypeVar

from domain.ids import MemberId
from domain.recorded import Recorded
from domain.visibility import Sight
from projections.explore import PublicPhotos
from projections.ports import (
    Affinities,
    Albums,
    AuthorLists,
    Blocks,
    Comments,
    Counters,
    Duplicates,
    Erasures,
    Follows,
    Frozen,
    Likes,
    Mutes,
    Notifications,
    Photos,
    Profiles,
    Progress,
    Reports,
    Search,
    Sessions,
    Shares,
    ShareViews,
    Similar,
    Timelines,
    Trash,
    Views,
    Walks,
)
from projections.tags import Tags
from projections.trending import Trending

Now: TypeAlias = Callable[[], datetime]
"""The clock: the time now, in UTC."""


class Files(Protocol):
    """Where clients fetch the files of photos."""

    def public_url(self, key: str) -> str:
        """A URL that never changes, for what everyone may see."""
        ...

    def signed_url(self, key: str, expires_at: datetime) -> str:
        """A URL that can be read until `expiry(expires_at)`."""
        ...

    def expiry(self, expires_at: datetime) -> datetime:
        """When a URL asked for until then really ends; all URLs signed within a window end together."""
        ...


class StoredFile(Protocol):
    """An object that lies on this machine."""

    @property
    def path(self) -> Path:
        """Where."""
        ...

    @property
    def size(self) -> int:
        """How many bytes."""
        ...

    @property
    def modified_at(self) -> datetime:
        """Since when."""
        ...

    @property
    def etag(self) -> str:
        """Its entity tag, in quotes."""
        ...

    @property
    def content_type(self) -> str:
        """What it is."""
        ...


class Grant(Protocol):
    """Leave to put one object."""

    @property
    def key(self) -> str:
        """Which."""
        ...


G = TypeVar("G", bound=Grant)


class Access(Protocol):
    """Leave to read one object."""

    @property
    def expires_at(self) -> datetime | None:
        """Until when; None for a URL that is good as long as the object is public."""
        ...


class FileStore(Protocol[G]):
    """An object store whose bytes this very process takes and serves (the embedded profile)."""

    def verify_put(
        self, key: str, query: Mapping[str, str], *, content_type: str | None, content_length: int | None
    ) -> G:
        """What a request may put; refuses with `domain.errors` before a byte is read."""
        ...

    async def receive(self, grant: G, stream: AsyncIterable[bytes]) -> str:
        """Store what was granted, whole or not at all; gives its entity tag, in quotes."""
        ...

    def verify_get(self, key: str, query: Mapping[str, str]) -> Access:
        """Whether a signed URL may be read; `Forbidden` where not."""
        ...

    async def open(self, key: str) -> StoredFile:
        """The object; `NotFound` where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Reads:
    """The query ports, the clock, and how far back timelines are written ahead (see `projections.ports.Timelines`).

    `near` says that most of what the ports tell is at hand in this process.
    """

    sight: Sight
    profiles: Profiles
    photos: Photos
    authors: AuthorLists
    albums: Albums
    shares: Shares
    reports: Reports
    erasures: Erasures
    notifications: Notifications
    share_views: ShareViews
    follows: Follows
    blocks: Blocks
    mutes: Mutes
    trash: Trash
    timelines: Timelines
    likes: Likes
    affinities: Affinities
    frozen: Frozen
    comments: Comments
    counters: Counters
    duplicates: Duplicates
    similar: Similar
    sessions: Sessions
    search: Search
    trending: Trending
    public_photos: PublicPhotos
    tags: Tags
    views: Views
    walks: Walks
    progress: Progress
    files: Files
    now: Now
    window: timedelta
    near: bool = False


class OwnEvents(Protocol):
    """The events of one member."""

    async def heads(self) -> Mapping[int, int]:
        """How far each log goes."""
        ...

    def of(self, member_id: MemberId, after: Mapping[int, int], through: Mapping[int, int]) -> AsyncIterator[Recorded]:
        """What the member did after one position, up to another; in order within a log."""
        ...


class Live(Protocol):
    """Facts as they are recorded, for many who wait for them."""

    async def heads(self) -> Mapping[int, int]:
        """How far each log goes now."""
        ...

    async def after(self, log: int, number: int) -> tuple[Sequence[Recorded], int]:
        """The next facts of a log, and up to which number nothing else is left to read before them."""
        ...

    async def wait(self, reached: Mapping[int, int], timeout: float) -> bool:  # noqa: ASYNC109 - callers pass it on
        """Until a log goes further than that; False when `timeout` seconds went by."""
        ...


class EventStream(Protocol):
    """The events of all logs, by when they were recorded, for analysts."""

    async def cut(self, text: str) -> Mapping[int, int]:
        """A time or a position that was typed, as a number for every log.

        Raises `ValueError` for what is neither, and `LookupError` where there is no such event.
        """
        ...

    async def page(
        self,
        after: Mapping[int, int],
        *,
        limit: int,
        types: frozenset[str] | None = None,
        through: Mapping[int, int] | None = None,
    ) -> Sequence[Recorded]:
        """The next events of these types (None: all), personal fields erased; none after `through`, where it is said."""
        ...


@dataclass(frozen=True, slots=True)
class BuildStanding:
    """How one build of a read model stands; what its store can't say at the moment is None.

    `lag_events` goes by the numbers of the logs, which have gaps; `rate` is in events a second.
    """

    projection: str
    build: int
    code_version: int
    state: str
    paused: bool
    reachable: bool
    positions: Mapping[int, int]
    lag_events: int | None
    lag_ms: int | None
    rate: float | None
    dead_letters: int | None


class Operations(Protocol):
    """What operators watch."""

    async def standing(self) -> Sequence[BuildStanding]:
        """Every build of every read model, measured against the event store."""
        ...

    async def heads(self) -> Mapping[int, int]:
        """How far the event store goes."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What can be set about the HTTP side."""

    catch_up_s: float = 2.0
    in_flight_s: float = 2.0
    body_bytes: int = 1024 * 1024
    access_token_s: int = 3600
    request_s: float = 30.0
    password_tries: int = 20
    origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys that access tokens are signed with, by name; `current` signs new ones, the others still verify."""

    current: str
    keys: Mapping[str, bytes] = field(repr=False)


Check: TypeAlias = Callable[[], Awaitable[None]]
"""Asks a dependency for a sign of life; raises where there is none."""
