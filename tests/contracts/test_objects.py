"""What every object store must do, whichever it is."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx
import pytest

from commands.ports import Objects, SignedPut
from domain.errors import Contradicted, Invalid, Refused
from infra.files.objects import FileObjects
from infra.minio.bucket import Place
from infra.minio.objects import MinioObjects
from tests.servers import Servers

Send = Callable[[str, str, bytes], Awaitable[bool]]
JPEG = "image/jpeg"


@dataclass(frozen=True, slots=True)
class Store:
    """A store, and a client that puts bytes of a type to a URL: whether they were taken."""

    objects: Objects
    send: Send


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(params=["files", pytest.param("minio", marks=pytest.mark.cluster)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "files":
        yield in_files(tmp_path)
        return
    servers: Servers = request.getfixturevalue("stack")
    at = servers.need("minio")
    place = Place(at.minio, at.minio_access_key, at.minio_secret_key, f"objects-{secrets.token_hex(6)}")
    objects = MinioObjects(place, now=now)
    await objects.open()
    async with httpx.AsyncClient(trust_env=False) as client:

        async def send(url: str, content_type: str, content: bytes) -> bool:
            try:
                answer = await client.put(url, content=content, headers={"Content-Type": content_type})
            except (httpx.WriteError, httpx.ReadError):
                return False  # the server hung up on what it won't take
            return answer.is_success

        yield Store(objects, send)
    await objects.close()


def in_files(root: Path) -> Store:
    objects = FileObjects(root, b"secret", "http://filmroll.test", now=now)

    async def send(url: str, content_type: str, content: bytes) -> bool:
        async def stream():
            for at in range(0, len(content), 100_000):
                yield content[at : at + 100_000]

        parts = urlsplit(url)
        key, query = unquote(parts.path).removeprefix("/v1/objects/"), dict(parse_qsl(parts.query))
        try:
            grant = objects.verify_put(key, query, content_type=content_type, content_length=None)
            await objects.receive(grant, stream())
        except Refused:
            return False
        return True

    return Store(objects, send)


async def signed(store: Store, key: str = "uploads/a/original", size: int = 5000, minutes: int = 10) -> SignedPut:
    expires_at = datetime.now(UTC) + timedelta(minutes=minutes)
    return await store.objects.sign_put(key, content_type=JPEG, size=size, expires_at=expires_at)


async def test_a_signed_url_takes_the_object_it_was_signed_for(store: Store) -> None:
    put = await signed(store)
    assert await store.objects.size("uploads/a/original") is None
    assert await store.send(put.url, put.headers["Content-Type"], b"x" * 5000)
    assert await store.objects.size("uploads/a/original") == 5000


@pytest.mark.parametrize("size", [0, 1, 4999, 5001, 3_000_000])
async def test_it_takes_no_other_size(store: Store, size: int) -> None:
    put = await signed(store)
    assert not await store.send(put.url, JPEG, b"x" * size)
    assert await store.objects.size("uploads/a/original") is None


async def test_it_takes_no_other_type(store: Store) -> None:
    put = await signed(store)
    assert not await store.send(put.url, "text/html", b"x" * 5000)
    assert await store.objects.size("uploads/a/original") is None


async def test_it_takes_no_other_key(store: Store) -> None:
    put = await signed(store)
    assert not await store.send(put.url.replace("uploads/a", "uploads/b"), JPEG, b"x" * 5000)
    assert await store.objects.size("uploads/b/original") is None


async def test_it_takes_nothing_once_expired(store: Store) -> None:
    put = await signed(store, minutes=-1)
    assert not await store.send(put.url, JPEG, b"x" * 5000)


async def test_a_put_may_be_repeated(store: Store) -> None:
    put = await signed(store)
    assert await store.send(put.url, JPEG, b"x" * 5000)
    assert await store.send(put.url, JPEG, b"y" * 5000)
    assert await store.objects.size("uploads/a/original") == 5000


async def test_removing_ends_objects_and_minds_no_missing_ones(store: Store) -> None:
    for key in ("uploads/a/original", "uploads/b/original"):
        put = await signed(store, key)
        assert await store.send(put.url, JPEG, b"x" * 5000)
    await store.objects.remove(["uploads/a/original", "uploads/never/was"])
    await store.objects.remove(["uploads/a/original"])
    assert await store.objects.size("uploads/a/original") is None
    assert await store.objects.size("uploads/b/original") == 5000


async def test_a_folder_is_no_object(store: Store) -> None:
    put = await signed(store)
    assert await store.send(put.url, JPEG, b"x" * 5000)
    assert await store.objects.size("uploads/a") is None
    await store.objects.remove(["uploads/a"])
    assert await store.objects.size("uploads/a/original") == 5000


SIZES = (5 * 1024 * 1024, 5 * 1024 * 1024, 1234)


async def parts(store: Store, handle: str, key: str = "uploads/a/original", minutes: int = 10) -> list[str]:
    until = datetime.now(UTC) + timedelta(minutes=minutes)
    return [
        await store.objects.sign_part(key, handle, number, size=size, expires_at=until)
        for number, size in enumerate(SIZES, 1)
    ]


async def test_an_object_comes_in_parts_in_any_order_and_is_joined_once(store: Store) -> None:
    key = "uploads/a/original"
    handle = await store.objects.divide(key, content_type=JPEG)
    urls = await parts(store, handle)
    for number in (2, 0):
        assert await store.send(urls[number], JPEG, bytes([number]) * SIZES[number])
    with pytest.raises(Contradicted, match="art 2 of 3") as refused:
        await store.objects.join(key, handle, SIZES)
    assert refused.value.code == "not_uploaded"
    assert await store.objects.size(key) is None
    assert await store.send(urls[1], JPEG, b"1" * SIZES[1])
    with pytest.raises(Invalid, match="ETag"):
        await store.objects.join(key, handle, SIZES, {1: '"1"', 2: '"2"', 3: '"3"'})
    await store.objects.join(key, handle, SIZES)
    assert await store.objects.size(key) == sum(SIZES)
    await store.objects.join(key, handle, SIZES)
    assert await store.objects.size(key) == sum(SIZES)


async def test_a_part_takes_its_own_size_in_its_own_place_and_time(store: Store) -> None:
    key = "uploads/a/original"
    handle = await store.objects.divide(key, content_type=JPEG)
    first, _, last = await parts(store, handle)
    assert not await store.send(last, JPEG, b"x" * 1233)
    assert not await store.send(last, JPEG, b"x" * 1235)
    assert not await store.send(last.replace("uploads/a", "uploads/b"), JPEG, b"x" * 1234)
    assert not await store.send(first, JPEG, b"x" * 1234)
    assert not await store.send((await parts(store, handle, minutes=-1))[2], JPEG, b"x" * 1234)
    assert await store.send(last, JPEG, b"x" * 1234)


async def test_what_came_in_parts_and_was_never_joined_is_scrapped(store: Store) -> None:
    key = "uploads/a/original"
    handle = await store.objects.divide(key, content_type=JPEG)
    urls = await parts(store, handle)
    assert await store.send(urls[2], JPEG, b"x" * 1234)
    await store.objects.scrap(key, handle)
    await store.objects.scrap(key, handle)
    with pytest.raises(Contradicted):
        await store.objects.join(key, handle, SIZES)
    assert await store.objects.size(key) is None
