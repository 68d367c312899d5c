"""Workers that are killed and a store that fails, from upload to outcome: one outcome each, and nothing is left over."""

import asyncio
import secrets
import subprocess
from collections import Counter
from collections.abc import Container
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit

import pytest

from commands.developing import ProcessAvatar, process_avatar
from commands.errors import Unavailable
from domain import photos
from domain.events import PhotoProcessed, PhotoRejected, PhotoRendered
from domain.uploads import object_key
from infra.core import sweeping, utc_now
from infra.developing import Developing
from infra.files.disk import Disk
from infra.files.objects import FileObjects
from infra.images.pool import VipsDarkroom
from infra.images.worker import home
from infra.minio.bucket import Bucket, Place
from infra.minio.objects import MinioObjects
from streams.reactions import Reactions
from tests.api.inside import Inside, inside
from tests.infra.images.plates import Cramped, Faltering, Murderous, Poisonous
from tests.people import jpeg

PICTURES = [jpeg(seed, (700, 500)) for seed in range(4)]
NO_PICTURE = b"text that is named for a picture"


def placed(photo_id: str, moves: int) -> str:
    return home(photo_id, b"variants", moves)


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


async def developed(
    made: Inside, darkroom: VipsDarkroom, objects: FileObjects | MinioObjects, *, left: Container[int] = range(10**9)
) -> None:
    """Let hands take what waits, as a server's do, until nothing does, and so many objects are left."""
    developing = Developing(made.core.deps, darkroom, objects, placed)
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
            while len(await objects.list()) not in left:  # noqa: ASYNC110 - a store tells nobody
                await asyncio.sleep(0.05)
    finally:
        for stage in stages:
            await stage.stop()


@pytest.fixture(params=["files", pytest.param("minio", marks=pytest.mark.cluster)])
async def objects(request, tmp_path):
    if request.param == "files":
        yield FileObjects(tmp_path / "data" / "objects", b"secret", "", now=utc_now)
        return
    at = request.getfixturevalue("stack").need("minio")
    place = Place(at.minio, at.minio_access_key, at.minio_secret_key, f"outages-{secrets.token_hex(6)}")
    store = MinioObjects(place, now=utc_now)
    await store.open()
    yield store
    await store.close()


async def original(made: Inside, objects: FileObjects | MinioObjects, photo: str, content: bytes) -> str:
    """The key of a photo's original, which lies in this store from now on."""
    (row,) = (await made.core.queries.photos.by_ids([photo])).values()
    await objects.put(row.object_key, content, "image/jpeg")
    return row.object_key


def plates_of(objects: FileObjects | MinioObjects) -> Disk | Bucket:
    """What workers get of a store."""
    return objects.disk if isinstance(objects, FileObjects) else objects.bucket


async def wanted(made: Inside, ready: list[str], rejected: list[str]) -> Counter[str]:
    """The objects that there are to be."""
    rows = await made.core.queries.photos.by_ids([*ready, *rejected])
    keys = Counter(row.object_key for row in rows.values())
    keys.update(variant.key for photo in ready for variant in rows[photo].rendition.variants)
    return keys


@pytest.mark.parametrize("trouble", [Faltering, Murderous])
async def test_every_photo_has_one_outcome_and_no_object_is_left_over(made, objects, tmp_path, trouble):
    good = [await publish(made, content) for content in PICTURES]
    bad = await publish(made, NO_PICTURE)
    forgotten = await upload(made, jpeg(9))
    await made.level()
    await objects.put(object_key(forgotten), jpeg(9), "image/jpeg")
    for photo, content in zip([*good, bad], [*PICTURES, NO_PICTURE], strict=True):
        await original(made, objects, photo, content)
    plates = trouble(plates_of(objects), tmp_path / "tally")
    async with VipsDarkroom(plates, b"variants", workers=2) as darkroom:
        await developed(made, darkroom, objects)
    assert plates.tally.stat().st_size > 20, "nothing went wrong"

    assert [await outcomes(made, photo) for photo in good] == [[PhotoProcessed]] * len(good)
    assert await outcomes(made, bad) == [PhotoRejected]

    deps = replace(made.core.deps, now=lambda: utc_now() + timedelta(days=2))
    assert await sweeping(replace(made.core, deps=deps), objects).all() == 1
    assert Counter(await objects.list()) == await wanted(made, good, [bad])
    assert not any(forgotten in key for key in await objects.list())
    if isinstance(objects, FileObjects):
        assert list((objects.disk.root / ".incoming").iterdir()) == []  # nor what the killed had half written


@pytest.fixture
def small(tmp_path):
    """A file system of a MiB, mounted where this test alone has it."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = 'mount -t tmpfs -o size=1m tmpfs "$1" && echo mounted && exec cat'
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as held:
        assert held.stdout is not None
        assert held.stdin is not None
        said = held.stdout.readline().decode().strip()
        if said != "mounted":
            pytest.skip(f"needs a mount namespace of its own, which this machine refuses: {said}")
        try:
            yield Path(f"/proc/{held.pid}/root{folder}")
        finally:
            held.stdin.close()


async def test_photos_wait_out_a_disk_that_is_full(made, small, tmp_path):
    objects = FileObjects(small / "objects", b"secret", "", now=utc_now)
    good = [await publish(made, content) for content in PICTURES[:2]]
    await made.level()
    for photo, content in zip(good, PICTURES[:2], strict=True):
        await original(made, objects, photo, content)
    before = await objects.list()
    ballast = small / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    with ballast.open("r+b") as file:  # some of the first files find room, the others don't
        file.truncate(ballast.stat().st_size - 12 * 1024)
    plates = Cramped(objects.disk, tmp_path / "tally")

    async def freed() -> None:
        while not plates.tally.exists() or plates.tally.stat().st_size < 12:  # noqa: ASYNC110 - workers tell nobody
            await asyncio.sleep(0.05)
        assert [await outcomes(made, photo) for photo in good] == [[], []]
        ballast.unlink()

    async with VipsDarkroom(plates, b"variants", workers=1) as darkroom, asyncio.TaskGroup() as group:
        group.create_task(freed())
        group.create_task(developed(made, darkroom, objects))
    assert [await outcomes(made, photo) for photo in good] == [[PhotoProcessed]] * 2
    assert Counter(await objects.list()) == await wanted(made, good, [])
    assert set(before) < set(await objects.list())
    assert not any((small / "objects" / ".incoming").iterdir())


async def test_an_upload_for_which_there_is_no_room_leaves_nothing_and_may_come_again(small):
    objects = FileObjects(small / "objects", b"secret", "http://here", now=utc_now)
    size = 2 << 20
    until = utc_now() + timedelta(minutes=5)
    url = (await objects.sign_put("photos/a/original", content_type="image/jpeg", size=size, expires_at=until)).url
    query = dict(parse_qsl(urlsplit(url).query))
    grant = objects.verify_put("photos/a/original", query, content_type="image/jpeg", content_length=size)

    async def content():
        for _ in range(size >> 16):
            yield bytes(1 << 16)

    for _ in range(2):
        with pytest.raises(Unavailable, match="no room"):
            await objects.receive(grant, content())
        assert not any((small / "objects" / ".incoming").iterdir())
    assert await objects.list() == ()


@pytest.mark.parametrize("name", ["thumb", "small"])  # in the first stage, and in the second
async def test_of_a_file_that_kills_its_workers_the_original_alone_is_left(made, objects, tmp_path, name):
    photo = await publish(made, PICTURES[0])
    await made.level()
    kept = await original(made, objects, photo, PICTURES[0])
    plates = Poisonous(plates_of(objects), tmp_path / "tally", name)
    async with VipsDarkroom(plates, b"variants", workers=1) as darkroom:
        await developed(made, darkroom, objects, left=[1])
    assert plates.tally.stat().st_size == 3
    assert await outcomes(made, photo) == [PhotoRejected]
    assert await objects.list() == (kept,)


@pytest.mark.parametrize("taken", [False, True], ids=["poisonous", "given up meanwhile"])
async def test_a_file_that_never_becomes_the_avatar_leaves_nothing(made, tmp_path, taken):
    objects = FileObjects(tmp_path / "data" / "objects", b"secret", "", now=utc_now)
    chosen = await made.call("ana", "PUT", "/me/avatar", json={"upload_id": await upload(made, PICTURES[0])})
    member_id = chosen.json()["member_id"]
    plates = objects.disk if taken else Poisonous(objects.disk, tmp_path / "tally", "small")
    async with VipsDarkroom(plates, b"variants", workers=1) as darkroom:

        async def develop(original):
            outcome = await darkroom.develop(original)
            if taken:
                assert (await made.call("ana", "DELETE", "/me/avatar")).is_success
            return outcome

        room = SimpleNamespace(develop=develop)
        await process_avatar(ProcessAvatar(member_id), deps=made.core.deps, darkroom=room, objects=objects)
    assert await objects.list() == ()


async def test_an_edition_that_another_overtook_leaves_no_file(made, tmp_path):
    objects = FileObjects(tmp_path / "data" / "objects", b"secret", "", now=utc_now)
    photo = await publish(made, PICTURES[0])
    await made.level()
    async with VipsDarkroom(objects.disk, b"variants", workers=1) as darkroom:
        await developed(made, darkroom, objects)
        await made.call("ana", "PUT", f"/photos/{photo}/edits", json={"rotate": 90})

        async def develop(original):
            outcome = await darkroom.develop(original)
            if original.edition == 1:
                assert (await made.call("ana", "PUT", f"/photos/{photo}/edits", json={"rotate": 180})).is_success
            return outcome

        developing = Developing(made.core.deps, SimpleNamespace(develop=develop), objects, placed)
        for _ in range(2):
            await developing.process(photo, "")
    (loaded,) = await made.core.store.load(photos.stream(photo))
    shown = [fact.event.rendition for fact in loaded.events if isinstance(fact.event, PhotoProcessed | PhotoRendered)]
    assert len(shown) == 2
    variants = {variant.key for rendition in shown for variant in rendition.variants}
    assert {key for key in await objects.list() if not key.endswith("/original")} == variants
