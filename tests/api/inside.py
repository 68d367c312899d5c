"""An installation in this process over the real embedded adapters, whose ports a test may take away one by one."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from api.app import build_app
from api.wiring import Wiring
from commands.developing import ProcessPhoto, process_photo
from commands.errors import Unavailable
from commands.ports import Developed, Exposed
from domain.images import Camera, Location, Rendition, Variant
from infra.core import Core, utc_now, wiring
from infra.embedded import open_core
from infra.files.objects import FileObjects
from infra.passwords import Argon2Passwords
from infra.settings import Settings
from projections.catalogue import CATALOGUE
from projections.ports import Progress, Reached
from projections.stores import OutOfReachError
from streams.following import Follower
from tests.people import PASSWORD, jpeg


class Away:
    """Any port of a store that can't be reached."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error or Unavailable("the store is down")

    def __getattr__(self, name: str) -> Any:
        async def refuse(*args: Any, **more: Any) -> Any:
            raise self._error

        return refuse


@dataclass
class Behind:
    """A port of reads that knows nothing of anything when it is first asked."""

    whole: Any
    asked: int = 0

    async def get(self, key: str) -> Any:
        self.asked += 1
        return None if self.asked == 1 else await self.whole.get(key)


@dataclass
class Partly:
    """The port `Progress`, while the stores of some read models are away."""

    whole: Progress
    away: frozenset[str]

    async def reached(self, names: Iterable[str]) -> Reached:
        return await self.whole.reached(self._known(names))

    async def wait(self, names: Iterable[str], wanted, *, timeout_s: float) -> bool:
        return await self.whole.wait(self._known(names), wanted, timeout_s=timeout_s)

    def _known(self, names: Iterable[str]) -> list[str]:
        asked = list(names)
        for name in asked:
            if name in self.away:
                raise OutOfReachError(name)
        return asked


class Darkroom:
    """Develops everything alike, at once."""

    def __init__(self, camera: Camera | None, location: Location | None) -> None:
        self._camera = camera
        self._location = location

    async def develop(self, original: Exposed) -> Developed:
        small = Variant("small", "jpeg", 40, 30, 1000, f"{original.object_key}-small.jpeg")
        rendition = Rendition(1, 400, 300, "LEHV6n", "#7a8b99", (small,))
        return Developed("5f" * 32, rendition, None, self._camera, self._location)


@dataclass
class Inside:
    """The installation, and clients of it."""

    core: Core
    assemble: Callable[[Core], Wiring]
    http: httpx.AsyncClient
    headers: dict[str, dict[str, str]] = field(default_factory=dict)

    @asynccontextmanager
    async def without(self, *read_models: str, **ports: Any) -> AsyncIterator["Inside"]:
        """The same installation while these ports of reads, or the progress of these read models, are away."""
        queries = replace(self.core.queries, **ports)
        if read_models:
            queries = replace(queries, progress=Partly(queries.progress, frozenset(read_models)))
        async with self.over(replace(self.core, queries=queries)) as other:
            yield other

    @asynccontextmanager
    async def over(self, core: Core) -> AsyncIterator["Inside"]:
        """The same installation over other ports."""
        async with client(self.assemble(core)) as http:
            yield Inside(self.core, self.assemble, http, self.headers)

    async def call(self, who: str | None, method: str, path: str, **more: Any) -> httpx.Response:
        """One request in a member's name; the positions of their commands are carried along."""
        own = self.headers.get(who, {}) if who else {}
        headers = {**own, **more.pop("headers", {})}
        answer = await self.http.request(method, f"/v1{path}", headers=headers, **more)
        if who and method != "GET" and answer.is_success and "X-Position" in answer.headers:
            for each in self.headers.values():  # everyone hears of it
                each["X-Min-Position"] = answer.headers["X-Position"]
        return answer

    async def get(self, who: str | None, path: str, **params: Any) -> Any:
        answer = await self.call(who, "GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def member(self, username: str, **said: str) -> str:
        body = {
            "username": username,
            "email": f"{username}@example.org",
            "password": PASSWORD,
            "first_name": username.capitalize(),
            "last_name": "Test",
            **said,
        }
        answer = await self.call(None, "POST", "/members", json=body)
        assert answer.status_code == 201, answer.text
        session = await self.call(None, "POST", "/sessions", json={"username": username, "password": PASSWORD})
        position = session.headers["X-Position"]
        self.headers[username] = {
            "Authorization": f"Bearer {session.json()['access_token']}",
            "X-Min-Position": ",".join([position, *(h["X-Min-Position"] for h in self.headers.values())][:2]),
        }
        return str(answer.json()["member_id"])

    async def photo(
        self, who: str, camera: tuple[str, str] | None = None, where: tuple[float, float] | None = None, **said: Any
    ) -> str:
        """A photo that is developed."""
        content = jpeg(1)
        asked = {"filename": "a.jpg", "content_type": "image/jpeg", "size": len(content)}
        upload = (await self.call(who, "POST", "/uploads", json=asked)).json()
        put = await self.http.put(upload["url"], content=content, headers=upload["headers"])
        assert put.is_success, put.text
        made = await self.call(who, "POST", "/photos", json={"upload_id": upload["upload_id"], **said})
        assert made.status_code == 202, made.text
        photo_id = str(made.json()["photo_id"])
        took = None if camera is None else Camera(*camera, None, None, None, None, None)
        darkroom = Darkroom(took, None if where is None else Location(*where, None))
        await process_photo(ProcessPhoto(photo_id), deps=self.core.deps, darkroom=darkroom)
        return photo_id

    async def level(self) -> None:
        """Wait until every read model has applied everything."""
        heads = {log: await self.core.store.head(log) for log in range(self.core.store.logs)}
        assert await self.core.queries.progress.wait([each.name for each in CATALOGUE], heads, timeout_s=60)


@asynccontextmanager
async def client(made: Wiring) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(build_app(made))
    async with httpx.AsyncClient(transport=transport, base_url="http://inside") as http:
        yield http


@asynccontextmanager
async def inside(data: Path, *, logs: int = 1, **said: Any) -> AsyncIterator[Inside]:
    settings = Settings(data=data, logs=logs, synchronous="NORMAL", **{"catch_up_s": 30, "request_s": 60, **said})
    passwords = Argon2Passwords(memory_kib=8, passes=1)
    try:
        async with open_core(settings, create=True) as core:
            files = FileObjects(data / "objects", core.installation.key("files"), "http://inside", now=utc_now)
            follower = Follower(core.store, core.models, CATALOGUE, poll_s=0.05)
            await follower.start()

            def assemble(core: Core) -> Wiring:
                return wiring(core, objects=files, passwords=passwords, files=files, checks={}, store=files)

            try:
                async with client(assemble(core)) as http:
                    yield Inside(core, assemble, http)
            finally:
                await follower.stop()
    finally:
        passwords.close()
