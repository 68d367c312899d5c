"""Workers that are killed and a store that fails, from upload to outcome: one outcome each, and nothing is left over."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from domain import photos
from domain.events import PhotoProcessed, PhotoRejected
from infra.core import sweeping, utc_now
from infra.developing import Developing
from infra.files.disk import Disk
from infra.files.objects import FileObjects
from infra.images.pool import VipsDarkroom
from streams.reactions import Reactions
from tests.api.inside import Inside, inside
from tests.infra.images.plates import Faltering, Murderous
from tests.people import jpeg

PICTURES = [jpeg(seed, (700, 500)) for seed in range(4)]
NO_PICTURE = b"text that is named for a picture"


@pytest.fixture
async def made(tmp_path):
    async with inside(tmp_path / "data", logs=2) as world:
        await world.member("ana")
        yield world


async def upload(made: Inside, content: bytes) -> str:
    asked = {"filename": "a.jpg", "content_type": "image/jpeg", "size": len(content)}
    upload = (await made.call("ana", "POST", "/uploads", json=asked)).json()
    assert (await made.http.put(upload["url"], content=content, headers=upload["headers"])).is_success
    return str(upload["upload_id"])


async def publish(made: Inside, content: bytes) -> str:
    answer = await made.call("ana", "POST", "/photos", json={"upload_id": await upload(made, content)})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["photo_id"])


async def outcomes(made: Inside, photo: str) -> list[type]:
    (loaded,) = await made.core.store.load(photos.stream(photo))
    return [type(fact.event) for fact in loaded.events if isinstance(fact.event, PhotoProcessed | PhotoRejected)]


async def developed(made: Inside, darkroom: VipsDarkroom, objects: FileObjects) -> None:
    """Let hands take what waits, as a server's do, until nothing does."""
    developing = Developing(made.core.deps, darkroom, objects)
    queries, pace = made.core.queries, {"concurrency": 2, "sweep_s": 0.05, "again_s": 0.05}
    stages = (
        Reactions(queries.previews, developing.preview, **pace),
        Reactions(queries.waiting, developing.process, **pace),
    )
    for stage in stages:
        stage.start()
    try:
        async with asyncio.timeout(90):
            while [*await queries.previews.page(after=None, limit=1), *await queries.waiting.page(after=None, limit=1)]:
                await asyncio.sleep(0.05)
                await made.level()
    finally:
        for stage in stages:
            await stage.stop()


@pytest.mark.parametrize("trouble", [Faltering, Murderous])
async def test_every_photo_has_one_outcome_and_no_object_is_left_over(made, tmp_path, trouble):
    disk = Disk(tmp_path / "data" / "objects")
    objects = FileObjects(disk.root, b"secret", "", now=utc_now)
    good = [await publish(made, content) for content in PICTURES]
    bad = await publish(made, NO_PICTURE)
    forgotten = await upload(made, jpeg(9))
    await made.level()
    plates = trouble(disk, tmp_path / "tally")
    async with VipsDarkroom(plates, b"variants", workers=2) as darkroom:
        await developed(made, darkroom, objects)
    assert plates.tally.stat().st_size > 20, "nothing went wrong"

    assert [await outcomes(made, photo) for photo in good] == [[PhotoProcessed]] * len(good)
    assert await outcomes(made, bad) == [PhotoRejected]

    deps = replace(made.core.deps, now=lambda: utc_now() + timedelta(days=2))
    assert await sweeping(replace(made.core, deps=deps), objects).all() == 1
    rows = await made.core.queries.photos.by_ids([*good, bad])
    wanted = Counter(row.object_key for row in rows.values())
    wanted.update(variant.key for photo in good for variant in rows[photo].rendition.variants)
    assert Counter(disk.list("")) == wanted
    assert not any(forgotten in key for key in disk.list(""))
