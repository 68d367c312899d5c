"""The engines that the contract of searching is held against, and a small world to search in."""

import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain import members, photos
from domain.events import (
    MemberRegistered,
    PhotoDescribed,
    PhotoLabelled,
    PhotoProcessed,
    PhotoRejected,
    PhotoRemoved,
    PhotoRestored,
    PhotoUploaded,
    ProfileChanged,
)
from domain.homes import slot_of_member
from domain.ids import new_id, slot_of
from domain.images import Camera, Label, Location, Rendition
from infra.opensearch.connecting import OpenSearch
from infra.opensearch.search import OpenSearchSearch
from infra.opensearch.store import OpenSearchStore
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.search import SqliteSearch
from projections.ports import Search
from projections.rows import Key, Projection, Row
from projections.search import MEMBER_SEARCH, PHOTO_SEARCH
from projections.stores import Batch, Fed, Model, ReadModels, State
from tests.servers import Servers
from tests.streams.memory_log import START, MemoryLog

CATALOGUE = (MEMBER_SEARCH, PHOTO_SEARCH)


@dataclass
class Town:
    """Members and photos whose words matter, fed into the engine's live builds when asked."""

    models: "ReadModels | Alone"
    search: Search
    log: MemoryLog = field(default_factory=lambda: MemoryLog(2))
    at: datetime = START
    builds: dict[str, Model] = field(default_factory=dict)
    fed: dict[tuple[str, int], int] = field(default_factory=dict)

    async def open(self) -> None:
        for projection in CATALOGUE:
            self.builds[projection.name] = await self.models.create(projection, State.LIVE)

    async def level(self) -> None:
        """Feed what is new."""
        for projection in CATALOGUE:
            for log, facts in self.log.facts.items():
                expected = self.fed.get((projection.name, log), 0)
                new = [fact for fact in facts if fact.position.number > expected]
                if new:
                    batch = Batch(log, expected, new[-1].position.number, new)
                    fed = await self.models.feed(self.builds[projection.name], projection, batch, park=False)
                    assert fed is Fed.APPLIED
                    self.fed[projection.name, log] = batch.last

    def _id(self, slot: int) -> str:
        self.at += timedelta(minutes=1)
        return new_id(slot, self.at, lambda _: 1)

    def member(self, username: str, first: str = "", last: str = "") -> str:
        member = self._id(slot_of_member(username))
        made = MemberRegistered(
            at=self.at,
            member_id=member,
            username=username,
            email="",
            password_hash="",
            first_name=first,
            last_name=last,
        )
        self.log.append(slot_of(member), members.stream(member).name, made)
        return member

    def rename(self, member: str, first: str, last: str = "") -> None:
        change = ProfileChanged(at=self.at, member_id=member, first_name=first, last_name=last, bio="")
        self.log.append(slot_of(member), members.stream(member).name, change)

    def photo(
        self,
        owner: str,
        caption: str = "",
        *,
        tags: tuple[str, ...] = (),
        alt: str = "",
        place: str = "",
        shown: bool = True,
        where: tuple[float, float] | None = None,
        camera: tuple[str, str] | None = None,
    ) -> str:
        photo = self._id(slot_of(owner))
        uploaded = PhotoUploaded(
            at=self.at,
            photo_id=photo,
            owner_id=owner,
            upload_id="u",
            object_key="k",
            content_type="image/jpeg",
            size=1,
            sha256=None,
            filename="a.jpg",
            caption=caption,
            alt_text=alt,
            tags=tags,
            mentions=(),
            audience="public",
            place=place,
            show_location=shown,
        )
        processed = PhotoProcessed(
            at=self.at,
            photo_id=photo,
            owner_id=owner,
            audience="public",
            sha256="0",
            rendition=Rendition(1, 10, 20, "", "", ()),
            taken_at=None,
            camera=Camera(*camera, None, None, None, None, None) if camera else None,
            location=Location(*where, None) if where else None,
            likeness=None,
        )
        self.record(photo, uploaded, processed)
        return photo

    def describe(self, owner: str, photo: str, caption: str, *, tags: tuple[str, ...] = (), shown: bool = True) -> None:
        said = PhotoDescribed(
            at=self.at,
            photo_id=photo,
            owner_id=owner,
            caption=caption,
            alt_text="",
            tags=tags,
            mentions=(),
            show_location=shown,
        )
        self.record(photo, said)

    def label(self, owner: str, photo: str, *names: str) -> None:
        of = {"at": self.at, "photo_id": photo, "owner_id": owner, "edition": 0}
        labels = tuple(Label(name, 0.5, None) for name in names)
        self.record(photo, PhotoLabelled(**of, model="seer", model_version="1", labels=labels))

    def reject(self, owner: str, photo: str) -> None:
        of = {"at": self.at, "photo_id": photo, "owner_id": owner, "audience": "public"}
        self.record(photo, PhotoRejected(**of, code="not_an_image", detail=""))

    def remove(self, owner: str, photo: str, *, back: bool = False) -> None:
        change = PhotoRestored if back else PhotoRemoved
        of = {"at": self.at, "photo_id": photo, "owner_id": owner, "status": "ready", "audience": "public"}
        self.record(photo, change(**of))

    def record(self, photo: str, *events) -> None:
        stream = photos.stream(photo)
        self.log.append(stream.slot, stream.name, *events)


@asynccontextmanager
async def sqlite(directory: Path, _request: pytest.FixtureRequest) -> AsyncIterator[Town]:
    models = SqliteReadModels(directory, CATALOGUE)
    await models.open()
    try:
        yield Town(models, SqliteSearch(models))
    finally:
        await models.close()


def utc_now() -> datetime:
    return datetime.now(UTC)


class Alone:
    """A store without a registry: it counts its builds itself, and the newest of each projection is live."""

    def __init__(self, store: OpenSearchStore) -> None:
        self.store = store
        self.newest: dict[str, Model] = {}

    async def create(self, projection: Projection, state: State) -> Model:
        before = self.newest.get(projection.name)
        model = Model(projection.name, before.build + 1 if before else 1)
        await self.store.prepare(model, projection, 1)
        self.newest[projection.name] = model
        return model

    async def feed(self, model: Model, projection: Projection, batch: Batch, *, park: bool) -> Fed:
        return await self.store.feed(model, projection, 1, batch, park=park)

    async def rows(self, model: Model, cls: type, *, after: Key | None, limit: int) -> Sequence[Row]:
        return await self.store.rows(model, 1, cls, after=after, limit=limit)

    async def live(self, projection: Projection) -> Model:
        return self.newest[projection.name]


@asynccontextmanager
async def alone(servers: Servers) -> AsyncIterator[Alone]:
    """A store under a prefix of its own, which is gone afterwards."""
    search = OpenSearch(servers.need("opensearch").opensearch, prefix=f"test-{uuid.uuid4().hex[:12]}")
    made = Alone(OpenSearchStore(search, now=utc_now))
    await made.store.open()
    try:
        yield made
    finally:
        await search.ask("DELETE", f"/{search.prefix}-*")
        await search.close()


@asynccontextmanager
async def opensearch(_directory: Path, request: pytest.FixtureRequest) -> AsyncIterator[Town]:
    async with alone(request.getfixturevalue("stack")) as made:
        yield Town(made, OpenSearchSearch(made.store, made.live))


Engine = Callable[[Path, pytest.FixtureRequest], AbstractAsyncContextManager[Town]]
ENGINES = [
    pytest.param(sqlite, id="sqlite"),
    pytest.param(opensearch, id="opensearch", marks=pytest.mark.cluster),
]
