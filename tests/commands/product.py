"""An installation to give commands to: the real embedded adapters in one folder, and a clock that a test sets."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from commands.developing import ProcessPhoto, process_photo
from commands.errors import Unavailable
from commands.follows import AcceptFollower, EndFollow, FollowMember, accept_follower, end_follow, follow_member
from commands.members import ChangeProfile, RegisterMember, change_profile, register_member
from commands.once import Once
from commands.photos import PublishPhoto, publish_photo
from commands.ports import Context, Deps, Developed, EventStore, Exposed, Loaded, Spoiled, Write
from commands.uploads import RequestUpload, new_upload, request_uploads
from domain import once as keys
from domain.events import Event, UploadRequested
from domain.homes import Stream
from domain.ids import MemberId, PhotoId, new_id
from domain.images import Rendition, Variant
from domain.once import Answer
from domain.recorded import Recorded
from infra.eventstore.keys import SqliteKeys
from infra.eventstore.opening import open_sqlite_store
from infra.eventstore.store import LibraryEventStore
from infra.files.objects import FileObjects
from infra.installation import Installation
from infra.passwords import Argon2Passwords
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.visibility import SqliteImmediate, SqliteSessions, SqliteSight
from projections.visibility import VISIBILITY
from streams.following import prepare
from tests.given import NOON

PASSWORD = "correct horse battery"
SECRET = bytes(range(32))
RENDITION = Rendition(1, 40, 30, "LEHV6n", "#7a8b99", (Variant("small", "jpeg", 40, 30, 1000, "k"),))
DEVELOPED = Developed("5f" * 32, RENDITION)


@dataclass
class Clock:
    """Stands still until it is told to go on."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **more: float) -> datetime:
        self.now += timedelta(**more)
        return self.now


class Darkroom:
    """Answers what the test says, and keeps what it was asked; `meanwhile` happens while it is at work."""

    def __init__(self) -> None:
        self.outcome: Developed | Spoiled = DEVELOPED
        self.asked: list[Exposed] = []
        self.meanwhile: Callable[[], Awaitable[Any]] | None = None

    async def develop(self, original: Exposed) -> Developed | Spoiled:
        self.asked.append(original)
        if self.meanwhile:
            await self.meanwhile()
        return self.outcome


class Overtaken:
    """The event store, where something else happens first: before each append, the next of `before` is run."""

    def __init__(self, store: EventStore, *before: Callable[[], Awaitable[Any]] | None) -> None:
        self._store = store
        self._before = iter(before)
        self.appends = 0

    @property
    def logs(self) -> int:
        return self._store.logs

    async def load(self, *streams: Stream) -> tuple[Loaded, ...]:
        return await self._store.load(*streams)

    async def append(self, writes: Sequence[Write], context: Context) -> tuple[Recorded, ...]:
        self.appends += 1
        if happens := next(self._before, None):
            await happens()
        return await self._store.append(writes, context)


class Down:
    """Any port whose server can't be reached."""

    def __getattr__(self, name: str) -> Any:
        async def refuse(*args: Any, **more: Any) -> Any:
            raise Unavailable("the read store is down")

        return refuse


async def crash() -> None:
    """Take the event store away, as `before` of `Overtaken`."""
    raise Unavailable("the event store is down")


@dataclass
class Product:
    """The ports that commands get, and people with photos in few words."""

    deps: Deps
    clock: Clock
    store: LibraryEventStore
    sight: SqliteSight
    sessions: SqliteSessions
    objects: FileObjects
    passwords: Argon2Passwords
    fingerprint: Callable[[str], str]
    darkroom: Darkroom = field(default_factory=Darkroom)
    _uploads: itertools.count = field(default_factory=lambda: itertools.count(1))

    def registering(self, username: str, **said: str) -> RegisterMember:
        """A registration that nothing speaks against."""
        words = {"email": f"{username}@example.org", "password": PASSWORD, "first_name": "A", "last_name": "B"}
        return RegisterMember(username, **{**words, **said})

    async def register(self, command: RegisterMember, *, deps: Deps | None = None, once: Once | None = None):
        return await register_member(
            command, deps=deps or self.deps, passwords=self.passwords, fingerprint=self.fingerprint, once=once
        )

    async def member(self, username: str, *, private: bool = False) -> MemberId:
        receipt = await self.register(self.registering(username))
        if private:
            await self.go_private(receipt.state.member_id)
        return receipt.state.member_id

    async def members(self, *usernames: str) -> list[MemberId]:
        return [await self.member(username) for username in usernames]

    async def go_private(self, member: MemberId, *, private: bool = True) -> None:
        await change_profile(ChangeProfile(member, private=private), deps=self.deps)

    async def follow(self, follower: MemberId, followed: MemberId):
        return await follow_member(FollowMember(follower, followed), deps=self.deps)

    async def unfollow(self, follower: MemberId, followed: MemberId, *, by: MemberId | None = None, only=None):
        return await end_follow(EndFollow(follower, followed, by or follower, only), deps=self.deps)

    async def accept(self, follower: MemberId, followed: MemberId):
        return await accept_follower(AcceptFollower(follower, followed), deps=self.deps)

    async def befriend(self, one: MemberId, other: MemberId) -> None:
        await self.follow(one, other)
        await self.follow(other, one)

    async def ask(self, member: MemberId, *, content: bytes = b"picture") -> UploadRequested:
        """An upload that was asked for, and whose bytes have not arrived."""
        command = RequestUpload(member, f"{next(self._uploads)}.jpg", "image/jpeg", len(content))
        requested = new_upload(command, deps=self.deps)
        await request_uploads([requested], deps=self.deps)
        return requested

    async def upload(self, member: MemberId, *, content: bytes = b"picture") -> UploadRequested:
        requested = await self.ask(member, content=content)
        await self.objects.put(requested.object_key, content, requested.content_type)
        return requested

    async def publish(self, member: MemberId, **said: Any) -> PhotoId:
        """A photo that waits to be developed."""
        requested = await self.upload(member)
        command = PublishPhoto(member, requested.upload_id, **said)
        receipt = await publish_photo(command, deps=self.deps, objects=self.objects)
        return receipt.state.uploaded.photo_id

    async def process(self, photo: PhotoId, *, deps: Deps | None = None):
        return await process_photo(ProcessPhoto(photo), deps=deps or self.deps, darkroom=self.darkroom)

    async def photo(self, member: MemberId, **said: Any) -> PhotoId:
        """A photo that is ready."""
        photo = await self.publish(member, **said)
        await self.process(photo)
        return photo

    async def facts(self, stream: Stream) -> tuple[Recorded, ...]:
        (loaded,) = await self.store.load(stream)
        return loaded.events

    async def events(self, stream: Stream) -> list[Event]:
        return [fact.event for fact in await self.facts(stream)]

    async def heads(self) -> dict[int, int]:
        """How far each log is written: equal before and after what records nothing."""
        return {log: await self.store.head(log) for log in range(self.store.logs)}


def once_of(body: str = "body", *, slot: int = 0, member: MemberId = "", answer: Any = None, key: str = "key") -> Once:
    """A request with an idempotency key; its answer is made from the state's text unless said otherwise."""
    stream = keys.stream("caller", "POST", "/path", key, slot)
    return Once(stream, member, sha256(body.encode()).hexdigest(), answer or (lambda state: Answer(201, str(state))))


@asynccontextmanager
async def open_product(directory: Path, *, logs: int) -> AsyncIterator[Product]:
    clock, installation = Clock(), Installation(logs, SECRET)
    sealing = SqliteKeys(directory / "keys.db", SECRET)
    store = open_sqlite_store(directory / "events.db", logs=logs, keys=sealing, now=clock, synchronous="NORMAL")
    models = SqliteReadModels(directory / "models", [VISIBILITY])
    passwords = Argon2Passwords(memory_kib=8, passes=1)
    await models.open()
    await prepare(models, [VISIBILITY], log=store)
    draws = itertools.count()  # the clock stands still: drawn at random, ids would collide now and then
    deps = Deps(
        store=store,
        now=clock,
        new_id=partial(new_id, draw=lambda below: next(draws) % below),
        immediate=SqliteImmediate(models),
    )
    try:
        yield Product(
            deps=deps,
            clock=clock,
            store=store,
            sight=SqliteSight(models),
            sessions=SqliteSessions(models),
            objects=FileObjects(directory / "objects", SECRET, "http://files", now=clock),
            passwords=passwords,
            fingerprint=installation.fingerprint,
        )
    finally:
        passwords.close()
        await models.close()
        await store.close()
        sealing.close()
