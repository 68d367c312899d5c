"""Gates of files: what a command could not shut, because a store was away, is shut afterwards, and once."""

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from commands.errors import Unavailable
from infra.exposing import Exposed, Exposing
from infra.kafka.checkpoints import EXPOSED, RELAYED, SqliteRelayCheckpoints
from infra.kafka.leadership import FileLeadership
from streams.exposing import Gating
from tests.api.inside import Away, Inside, inside


@dataclass
class Doors:
    """The gates of an object store, which may be away."""

    open: set[str] = field(default_factory=set)
    away: bool = False
    set: Counter[str] = field(default_factory=Counter)

    async def publish(self, keys):
        self._turn(keys)
        self.open.update(keys)

    async def withhold(self, keys):
        self._turn(keys)
        self.open.difference_update(keys)

    def _turn(self, keys):
        if self.away:
            raise Unavailable("the object store is away")
        self.set.update(keys)


@dataclass
class Place:
    """An installation whose files have gates, and two photos that everyone may see."""

    made: Inside
    doors: Doors
    files: Exposed
    path: object
    photos: list[str] = field(default_factory=list)

    def gating(self, **more) -> Gating:
        core = self.made.core
        checkpoints = SqliteRelayCheckpoints(self.path, EXPOSED)
        return Gating(core.store, core.queries.progress, self.files.expose, checkpoints, sweep_s=0.01, **more)

    @asynccontextmanager
    async def without_rows(self):
        """Commands whose read store is away."""
        deps = replace(self.made.core.deps, immediate=Exposing(Away(), self.files))
        async with self.made.over(replace(self.made.core, deps=deps)) as other:
            yield other


@pytest.fixture
async def place(tmp_path):
    async with inside(tmp_path / "data", logs=2) as made:
        core, doors = made.core, Doors()
        files = Exposed(core.store, core.queries.sight, core.queries.authors, doors)
        core = replace(core, deps=replace(core.deps, immediate=Exposing(core.deps.immediate, files)))
        async with made.over(core) as other:
            whole = Inside(core, made.assemble, other.http, made.headers)
            await whole.member("ana")
            found = Place(whole, doors, files, tmp_path / "checkpoints.db")
            for _ in range(2):
                found.photos.append(await whole.photo("ana"))
            await whole.level()
            assert len(doors.open) == 2
            await found.gating().sweep()  # past all this
            yield found


async def test_files_whose_gates_were_to_be_opened_by_someone_who_was_killed_are_open(place):
    place.doors.away = True
    await place.made.photo("ana")
    place.doors.away = False
    assert len(place.doors.open) == 2
    await place.made.level()
    await place.gating().sweep()
    assert len(place.doors.open) == 3


async def test_a_photo_deleted_while_the_read_store_was_away_is_shut(place):
    async with place.without_rows() as commands:
        answer = await commands.call("ana", "DELETE", f"/photos/{place.photos[0]}")
    assert answer.status_code == 202
    assert len(place.doors.open) == 2
    await place.gating().sweep()
    assert len(place.doors.open) == 1


async def test_an_account_that_went_private_meanwhile_is_shut_whole(place):
    async with place.without_rows() as commands:
        assert (await commands.call("ana", "PATCH", "/me", json={"private": True})).is_success
    assert len(place.doors.open) == 2
    await place.gating().sweep()
    assert not place.doors.open


async def test_nothing_is_passed_over_while_the_object_store_is_away_and_nothing_is_set_again_later(place):
    place.doors.away = True
    answer = await place.made.call("ana", "PATCH", f"/photos/{place.photos[1]}", json={"audience": "private"})
    assert answer.status_code == 202
    await place.gating().sweep()
    assert len(place.doors.open) == 2
    place.doors.away = False
    await place.gating().sweep()
    assert len(place.doors.open) == 1
    before = Counter(place.doors.set)
    await place.gating().sweep()
    assert place.doors.set == before
    assert not await SqliteRelayCheckpoints(place.path, RELAYED).load()


async def test_of_two_processes_one_shuts(place, tmp_path):
    async with place.without_rows() as commands:
        await commands.call("ana", "DELETE", f"/photos/{place.photos[0]}")
    before = Counter(place.doors.set)
    tasks = [asyncio.create_task(place.gating(leadership=FileLeadership(tmp_path)).run()) for _ in range(2)]
    async with asyncio.timeout(20):
        while len(place.doors.open) == 2:  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert sum((place.doors.set - before).values()) == 1
