"""The routes of discovery over read models that a test feeds by hand from a world of its own."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from fastapi import FastAPI, Request

from api import errors, identity
from api.boards import Boards
from api.identity import Caller
from api.paging import Cursors
from api.ports import Limits, Reads
from api.positions import Positions
from api.reads import explore, tags, trending
from api.showing.prints import Prints
from api.signing import Sealer
from domain.ids import time_of
from domain.ranking import score
from infra.sqlite.counters import SqliteCounters
from infra.sqlite.likes import SqliteLikes
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.photos import SqlitePhotos
from infra.sqlite.profiles import SqliteProfiles
from infra.sqlite.progress import SqliteProgress
from infra.sqlite.tags import SqliteTags
from infra.sqlite.trending import SqlitePublicPhotos, SqliteTrending
from infra.sqlite.views import SqliteViews
from infra.sqlite.visibility import SqliteSight
from infra.sqlite.walks import SqliteWalks
from projections.catalogue import CATALOGUE
from projections.counters import COUNTERS
from projections.explore import EXPLORE
from projections.likes import LIKES
from projections.photos import PHOTOS
from projections.profiles import PROFILES
from projections.stores import Batch, Fed, Model, State
from projections.tags import TAGS
from projections.trending import TRENDING
from projections.visibility import VISIBILITY
from tests.projections.histories import World
from tests.streams.memory_log import MemoryLog

FED = (VISIBILITY, PROFILES, PHOTOS, LIKES, COUNTERS, TRENDING, EXPLORE, TAGS)


class Links:
    """Where files would be."""

    def public_url(self, key: str) -> str:
        return f"http://files/{key}"

    def signed_url(self, key: str, expires_at: datetime) -> str:
        return f"http://files/{key}?until={expires_at}"

    def expiry(self, expires_at: datetime) -> datetime:
        return expires_at


class Plaza:
    """A world, the read models that a test lets follow it, and what viewers are shown."""

    def __init__(self, models: SqliteReadModels, data: Path) -> None:
        self.log = MemoryLog(2)
        self.world = World(self.log)
        self.models = models
        self.views = SqliteViews(data / "views.db")
        self.walks = SqliteWalks(data / "walks.db")
        self._builds: dict[str, Model] = {}
        self._fed: dict[tuple[str, int], int] = {}
        given = {
            "sight": SqliteSight(models),
            "profiles": SqliteProfiles(models),
            "photos": SqlitePhotos(models),
            "likes": SqliteLikes(models),
            "counters": SqliteCounters(models),
            "trending": SqliteTrending(models),
            "public_photos": SqlitePublicPhotos(models),
            "tags": SqliteTags(models),
            "views": self.views,
            "walks": self.walks,
            "progress": SqliteProgress(models, self.log, now=self.now),
            "files": Links(),
            "now": self.now,
            "near": True,
        }
        self.reads = Reads(**{**{each.name: None for each in fields(Reads)}, **given})
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self._app()), base_url="http://plaza")

    def now(self) -> datetime:
        return self.world.at

    async def open(self) -> None:
        for projection in CATALOGUE:
            self._builds[projection.name] = await self.models.create(projection, State.LIVE)

    async def close(self) -> None:
        await self.http.aclose()
        await self.views.close()
        await self.walks.close()

    async def level(self, *projections) -> None:
        """Feed what is new, to all read models or to some."""
        for projection in projections or FED:
            for log, facts in self.log.facts.items():
                expected = self._fed.get((projection.name, log), 0)
                new = [fact for fact in facts if fact.position.number > expected]
                if new:
                    batch = Batch(log, expected, new[-1].position.number, new)
                    fed = await self.models.feed(self._builds[projection.name], projection, batch, park=False)
                    assert fed is Fed.APPLIED
                    self._fed[projection.name, log] = batch.last

    async def get(self, who: str | None, path: str, **params: Any) -> dict[str, Any]:
        headers = {"X-Who": who} if who else {}
        answer = await self.http.get(f"/v1{path}", params=params, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def pages(self, who: str | None, path: str, **params: Any) -> AsyncIterator[list[str]]:
        """The ids of each page, until there is no cursor."""
        cursor = None
        while True:
            page = await self.get(who, path, **params, **({"cursor": cursor} if cursor else {}))
            yield [photo["photo_id"] for photo in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def interest(self) -> Counter[str]:
        made = Counter(photo for photo, _ in self.world.likes)
        for comment in self.world.comments.values():
            made[comment["photo_id"]] += 2
        return made

    def public(self, who: str | None, window: timedelta) -> list[str]:
        """The public photos of a window that a member may see, by the naive rule."""
        return [
            photo
            for photo, known in self.world.photos.items()
            if (known["status"], known["audience"], known["removed"]) == ("ready", "public", False)
            and not known.get("down")
            and time_of(photo) >= self.now() - window
            and self.may_see(who, known["owner_id"])
        ]

    def may_see(self, who: str | None, owner: str) -> bool:
        if owner in self.world.down or owner in self.world.left:
            return False
        if who == owner:
            return True
        if who is not None and self.world.barred(who, owner):
            return False
        return not self.world.members[owner] or self.world.follows.get((who, owner)) == "yes"

    def trending(self, who: str | None, window: timedelta) -> list[str]:
        made, authors, chosen = self.interest(), Counter(), []
        for photo in sorted(self.public(who, window), key=lambda each: (made[each], each), reverse=True):
            owner = self.world.photos[photo]["owner_id"]
            if authors[owner] < 3 and len(chosen) < 50:
                authors[owner] += 1
                chosen.append(photo)
        return chosen

    def explored(self, who: str | None) -> list[str]:
        """What explore has for a member, the best first."""
        made, week = self.interest(), timedelta(days=7)
        owners = {photo: known["owner_id"] for photo, known in self.world.photos.items()}
        strangers = [
            photo
            for photo in self.public(who, week)
            if owners[photo] != who and self.world.follows.get((who, owners[photo])) != "yes"
        ]
        now = self.now()
        return sorted(strangers, key=lambda each: (score(made[each], 0, now - time_of(each)), each), reverse=True)

    def explored_pages(self, who: str | None, limit: int) -> list[list[str]]:
        """The same in pages of which none has more than three of an author."""
        left, pages = self.explored(who), []
        while left or not pages:
            authors: Counter[str] = Counter()
            page = []
            for photo in left:
                owner = self.world.photos[photo]["owner_id"]
                if len(page) < limit and authors[owner] < 3:
                    authors[owner] += 1
                    page.append(photo)
            left = [photo for photo in left if photo not in page]
            pages.append(page)
        return pages

    def _app(self) -> FastAPI:
        app = FastAPI()
        sealer = Sealer(b"secret")
        app.state.positions = Positions(sealer, self.reads.progress, Limits(), self.now)
        app.state.cursors = Cursors(sealer, self.now)
        app.dependency_overrides[identity._viewer] = _caller
        boards = Boards(self.reads, self.now)
        for router in (
            trending.routes(self.reads, self.now, boards),
            explore.routes(self.reads, self.now, boards),
            tags.routes(self.reads, self.now, Prints(self.reads.files, self.now)),
        ):
            app.include_router(router)
        errors.install(app)
        return app


async def _caller(request: Request) -> Caller | None:
    who = request.headers.get("X-Who")
    return None if who is None else Caller(who, "", frozenset())


@asynccontextmanager
async def plaza() -> AsyncIterator[Plaza]:
    with TemporaryDirectory() as directory:
        models = SqliteReadModels(Path(directory), CATALOGUE)
        await models.open()
        made = Plaza(models, Path(directory))
        try:
            await made.open()
            yield made
        finally:
            await made.close()
            await models.close()
