"""What command handlers need of the world outside."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.events import Event
from domain.homes import Stream
from domain.ids import MemberId, PhotoId
from domain.images import NO_EDITS, Camera, Edits, Likeness, Location, Rendition
from domain.recorded import Recorded


@dataclass(frozen=True, slots=True)
class Loaded:
    """A stream's events in order, and the version of the last (0 where there is none)."""

    events: tuple[Recorded, ...]

    @property
    def version(self) -> int:
        """The version that the next append expects."""
        return self.events[-1].version if self.events else 0


@dataclass(frozen=True, slots=True)
class Write:
    """Events to append to a stream that is expected to stand at `expected`."""

    stream: Stream
    expected: int
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """Why something is written: the trace it belongs to and what caused it."""

    trace_id: str = ""
    causation_id: str = ""
    correlation_id: str = ""


class EventStore(Protocol):
    """The one truth."""

    @property
    def logs(self) -> int:
        """How many logs the installation has, for ever."""
        ...

    async def load(self, *streams: Stream) -> tuple[Loaded, ...]:
        """Each stream as it stands, in the order asked."""
        ...

    async def append(self, writes: Sequence[Write], context: Context) -> tuple[Recorded, ...]:
        """Write everything in one transaction, or nothing.

        All streams must lie in one log (`ValueError` otherwise). Raises `commands.errors.Conflict` when a stream does
        not stand where it was expected, and `commands.errors.Unavailable` when the store can't be reached. When this
        returns, the events are durable.
        """
        ...


class Immediate(Protocol):
    """Applies what restricts before a command answers: the visibility projection run on the command's own events."""

    async def apply(self, recorded: Sequence[Recorded]) -> None:
        """Apply the rows of those events; what the projection doesn't handle is ignored.

        Raises `commands.errors.Unavailable` when the rows can't be written now.
        """
        ...


Now = Callable[[], datetime]
"""The clock: the time now, in UTC."""

NewId = Callable[[int, datetime], str]
"""A fresh id for a stream in a slot."""

Home = Callable[[PhotoId, int], str]
"""The folder of a photo's files after so many moves: always the same, and not to be guessed."""

Fingerprint = Callable[[str], str]
"""A keyed hash of a personal text, so that it can be compared and found without being stored."""


class Passwords(Protocol):
    """Hashing of passwords, slow on purpose and off the event loop."""

    async def digest(self, password: str) -> str:
        """A salted hash with its parameters."""
        ...

    async def matches(self, digest: str | None, password: str) -> bool:
        """Whether the password made the digest; as slow for None, so that timing tells nothing."""
        ...


@dataclass(frozen=True, slots=True)
class SignedPut:
    """How a client puts one file straight into the object store."""

    url: str
    headers: Mapping[str, str]
    expires_at: datetime


class Objects(Protocol):
    """The object store, as far as commands need it."""

    async def sign_put(self, key: str, *, content_type: str, size: int, expires_at: datetime) -> SignedPut:
        """A URL that takes exactly this object, of this type and size, until then."""
        ...

    async def divide(self, key: str, *, content_type: str) -> str:
        """Begin an object of that type that comes in parts; gives the handle that it has until it is joined."""
        ...

    async def sign_part(self, key: str, handle: str, number: int, *, size: int, expires_at: datetime) -> str:
        """A URL that takes one part (from 1) of exactly this size until then; its answer names the part's ETag."""
        ...

    async def join(self, key: str, handle: str, sizes: Sequence[int], etags: Mapping[int, str] | None = None) -> None:
        """Make one object of all its parts, in one step; done again, it does nothing.

        Raises `domain.errors.Contradicted("not_uploaded")` where a part is missing or has another size, and
        `domain.errors.Invalid` where a stated ETag is not that of its part.
        """
        ...

    async def scrap(self, key: str, handle: str) -> None:
        """End what has arrived of an object that was never joined; done again, it does nothing."""
        ...

    async def size(self, key: str) -> int | None:
        """How many bytes the object has; None where it does not exist."""
        ...

    async def remove(self, keys: Sequence[str]) -> None:
        """End the objects; those that don't exist are no error."""
        ...

    async def copy(self, source: str, target: str) -> None:
        """Give an object a second key, under which nobody but by a signature may read it; again changes nothing.

        Raises `domain.errors.NotFound` where there is none.
        """
        ...

    async def list(self, prefix: str) -> Sequence[str]:
        """The keys under a prefix of whole segments, in order."""
        ...


class Requests(Protocol):
    """Who asks to follow a member; raises `commands.errors.Unavailable` while that can't be told."""

    async def of(self, member_id: MemberId, *, reached: Mapping[int, int], most: int) -> Sequence[MemberId]:
        """Those whose requests stand, the newest first; waits a little for what was recorded up to `reached`."""
        ...


class Wanted(StrEnum):
    """What is to be made of an original."""

    FIRST = "first"
    ALL = "all"
    AVATAR = "avatar"


@dataclass(frozen=True, slots=True)
class Exposed:
    """An original as it was uploaded, waiting to be developed.

    `size` in bytes is 0 where it isn't known. `first` is what was rendered of it already, which needs no other try;
    `edition` counts the owner's edits, `moves` how often the photo's files got new keys.
    """

    photo_id: PhotoId
    object_key: str
    content_type: str
    sha256: str | None
    size: int = 0
    wanted: Wanted = Wanted.ALL
    first: Rendition | None = None
    edits: Edits = NO_EDITS
    edition: int = 0
    moves: int = 0


@dataclass(frozen=True, slots=True)
class Developed:
    """What developing an original gave: its files (already stored) and its facts."""

    sha256: str
    rendition: Rendition
    taken_at: datetime | None = None
    camera: Camera | None = None
    location: Location | None = None
    likeness: Likeness | None = None


@dataclass(frozen=True, slots=True)
class Spoiled:
    """Why an original could not be developed; it never will be."""

    code: str
    detail: str


class Darkroom(Protocol):
    """Develops originals in processes of its own."""

    async def develop(self, original: Exposed) -> Developed | Spoiled:
        """Read, check and render an original, and store its variants; may be asked again for the same one."""
        ...


@dataclass(frozen=True, slots=True)
class Deps:
    """What nearly every handler needs, in one place."""

    store: EventStore
    now: Now
    new_id: NewId
    immediate: Immediate
    context: Callable[[], Context] = field(default=Context)
