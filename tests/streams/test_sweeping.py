"""Sweeping: uploads that were given up end by themselves, and those that may still be used are left alone."""

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.uploads import object_key
from infra.core import sweeping, utc_now
from infra.files.objects import FileObjects
from infra.kafka.leadership import FileLeadership
from streams.sweeping import Sweeping
from tests.api.inside import inside

LATE = timedelta(days=2)


@pytest.fixture
async def made(tmp_path):
    async with inside(tmp_path / "data", logs=2) as world:
        await world.member("ana")
        yield world


@pytest.fixture
def objects(tmp_path) -> FileObjects:
    return FileObjects(tmp_path / "files", b"secret", "", now=utc_now)


async def ask(made, objects, uploads: int) -> list[str]:
    """Uploads of which all has arrived, and nothing became."""
    asked = {"filename": "a.jpg", "content_type": "image/jpeg", "size": 7}
    answers = [await made.call("ana", "POST", "/uploads", json=asked) for _ in range(uploads)]
    ids = [answer.json()["upload_id"] for answer in answers]
    await made.level()
    rows = await made.core.queries.uploads.page(after=None, limit=99)
    assert sorted(row.upload_id for row in rows) == sorted(ids)
    for upload_id in ids:
        await objects.put(object_key(upload_id), b"picture", "image/jpeg")
    return ids


def late(made, objects, **more) -> Sweeping:
    """A sweep two days from now."""
    deps = replace(made.core.deps, now=lambda: utc_now() + LATE)
    return replace(sweeping(replace(made.core, deps=deps), objects), **{"every_s": 0.01} | more)


@asynccontextmanager
async def running(*sweeps: Sweeping):
    tasks = [asyncio.create_task(each.run()) for each in sweeps]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def gone(made) -> None:
    async with asyncio.timeout(20):
        while await made.core.queries.uploads.page(after=None, limit=9):
            await made.level()


async def test_what_may_still_be_used_stays(made, objects):
    (upload_id,) = await ask(made, objects, 1)
    assert await sweeping(made.core, objects).all() == 0
    assert await objects.size(object_key(upload_id)) == 7


async def test_what_was_given_up_ends_without_anybody_asking_for_it(made, objects):
    ids = await ask(made, objects, 3)
    async with running(late(made, objects)):
        await gone(made)
    assert [await objects.size(object_key(each)) for each in ids] == [None] * 3


async def test_one_that_fails_holds_up_no_other_and_is_swept_another_time(made, objects):
    ids = await ask(made, objects, 3)
    honest = late(made, objects)
    failed: Counter[str] = Counter()

    async def once_failing(upload_id):
        failed[upload_id] += 1
        if upload_id == ids[0] and failed[upload_id] == 1:
            raise ConnectionError("the object store is away")
        return await honest.sweep(upload_id)

    failing = replace(honest, sweep=once_failing)
    assert await failing.all() == 2
    async with running(failing):
        await gone(made)
    assert failed[ids[0]] >= 2


async def test_of_many_only_the_one_that_leads_sweeps(made, objects, tmp_path):
    ids = await ask(made, objects, 4)
    honest = late(made, objects)
    swept: list[tuple[str, str]] = []

    def named(name: str) -> Sweeping:
        async def sweep(upload_id):
            swept.append((name, upload_id))
            return await honest.sweep(upload_id)

        return replace(honest, sweep=sweep, leadership=FileLeadership(tmp_path / "locks", ask_s=0.01))

    async with running(named("one"), named("other")):
        await gone(made)
    assert len({name for name, _ in swept}) == 1
    assert {upload_id for _, upload_id in swept} == set(ids)


async def test_what_killed_writers_left_half_written_ends_once_nobody_can_be_at_it(made, objects):
    half = objects.disk.draft("photos/a/thumb.webp")
    half.write(b"half")
    half.file.close()
    waiting = half.path.parent
    await replace(sweeping(made.core, objects), every_s=0.01).all()
    assert list(waiting.iterdir()) == [half.path]
    await late(made, objects).all()
    assert list(waiting.iterdir()) == []
