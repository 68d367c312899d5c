"""What MinIO adds to the contract: published and withheld objects, URLs that end, and a store that is away."""

import pickle
import secrets
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from commands.errors import Unavailable
from commands.ports import Developed, Exposed
from domain import uploads
from domain.errors import Invalid, NotFound
from domain.ids import new_id
from infra.images.pool import VipsDarkroom
from infra.minio.bucket import IMMUTABLE, Bucket, Place
from infra.minio.objects import MinioObjects
from tests.infra.images.samples import jpeg
from tests.servers import Servers

pytestmark = pytest.mark.cluster

KEY = "photos/2026/11/20/abc/unguessable/0f-r1/feed.webp"
WEBP = "image/webp"


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def place(stack: Servers) -> Place:
    at = stack.need("minio")
    return Place(at.minio, at.minio_access_key, at.minio_secret_key, f"objects-{secrets.token_hex(6)}")


@pytest.fixture
async def objects(place: Place) -> AsyncIterator[MinioObjects]:
    made = MinioObjects(place, now=now)
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as made:
        yield made


def soon(minutes: float = 10) -> datetime:
    return now() + timedelta(minutes=minutes)


async def test_a_fresh_object_is_read_with_a_signature_only(objects: MinioObjects, client: httpx.AsyncClient) -> None:
    await objects.put(KEY, b"pixels", WEBP)
    answer = await client.get(objects.signed_url(KEY, soon()))
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"pixels", WEBP)
    assert answer.headers["cache-control"].startswith("private")
    assert (await client.get(objects.public_url(KEY))).status_code == 403


async def test_a_published_object_is_there_for_everyone_for_a_year(
    objects: MinioObjects, client: httpx.AsyncClient
) -> None:
    await objects.put(KEY, b"pixels", WEBP)
    await objects.publish([KEY, "photos/never/was"])
    answer = await client.get(objects.public_url(KEY))
    assert (answer.status_code, answer.content, answer.headers["cache-control"]) == (200, b"pixels", IMMUTABLE)
    assert answer.headers["content-type"] == WEBP
    head = await client.head(objects.public_url(KEY))
    assert (head.status_code, head.headers["content-length"]) == (200, "6")
    part = await client.get(objects.public_url(KEY), headers={"Range": "bytes=0-2"})
    assert (part.status_code, part.content) == (206, b"pix")


async def test_withholding_ends_the_public_url_and_not_the_signed_one(
    objects: MinioObjects, client: httpx.AsyncClient
) -> None:
    await objects.put(KEY, b"pixels", WEBP)
    await objects.publish([KEY])
    await objects.withhold([KEY, "photos/never/was"])
    await objects.withhold([KEY])
    assert (await client.get(objects.public_url(KEY))).status_code == 403
    assert (await client.get(objects.signed_url(KEY, soon()))).status_code == 200


async def test_a_signed_url_is_the_same_text_through_its_window_and_opens_nothing_else(
    place: Place, objects: MinioObjects, client: httpx.AsyncClient
) -> None:
    start = datetime(2026, 11, 20, 12, 0, 1, tzinfo=UTC)
    at = [start]
    clocked = MinioObjects(place, now=lambda: at[0])
    first = clocked.signed_url(KEY, start + timedelta(minutes=8))
    at[0] += timedelta(minutes=4)
    assert clocked.signed_url(KEY, start + timedelta(minutes=9)) == first
    assert clocked.signed_url(KEY, start + timedelta(minutes=14)) != first
    assert clocked.expiry(start + timedelta(days=1)) <= at[0] + timedelta(minutes=15)

    await objects.put(KEY, b"pixels", WEBP)
    await objects.put("photos/other", b"pixels", WEBP)
    url = objects.signed_url(KEY, soon())
    assert (await client.get(url.replace(KEY, "photos/other"))).status_code == 403
    assert (await client.get(url.replace("private", "public"))).status_code == 403
    assert (await client.put(url, content=b"mine")).status_code == 403
    assert (await client.get(objects.signed_url(KEY, soon(-20)))).status_code == 403


async def test_an_upload_needs_its_length(objects: MinioObjects, client: httpx.AsyncClient) -> None:
    put = await objects.sign_put("uploads/a", content_type="image/jpeg", size=4, expires_at=soon())

    async def unsized() -> AsyncIterator[bytes]:
        yield b"jpeg"

    assert not (await client.put(put.url, content=unsized(), headers=put.headers)).is_success
    assert await objects.size("uploads/a") is None
    assert (await client.put(put.url, content=b"jpeg", headers=put.headers)).is_success
    assert await objects.size("uploads/a") == 4


async def test_no_upload_tags_itself_into_the_open(objects: MinioObjects, client: httpx.AsyncClient) -> None:
    original = uploads.object_key(new_id(7, now(), lambda _: 1))
    put = await objects.sign_put(original, content_type="image/jpeg", size=4, expires_at=soon())
    await client.put(put.url, content=b"jpeg", headers={**put.headers, "x-amz-tagging": "access=public"})
    await objects.publish([original])
    assert (await client.get(objects.public_url(original))).status_code == 403


async def test_a_copy_is_whole_unpublished_and_outlives_what_it_is_of(
    objects: MinioObjects, client: httpx.AsyncClient
) -> None:
    await objects.put(KEY, b"pixels", WEBP)
    await objects.publish([KEY])
    for _ in range(2):
        await objects.copy(KEY, "photos/elsewhere.webp")
    assert (await client.get(objects.public_url(KEY))).status_code == 200
    await objects.remove([KEY])
    assert (await client.get(objects.public_url("photos/elsewhere.webp"))).status_code == 403
    answer = await client.get(objects.signed_url("photos/elsewhere.webp", soon()))
    assert (answer.content, answer.headers["content-type"]) == (b"pixels", WEBP)
    with pytest.raises(NotFound):
        await objects.copy("photos/never/was", "photos/anywhere")


async def test_objects_are_listed_by_whole_segments_and_removed_in_numbers(objects: MinioObjects) -> None:
    for name in ("photos/a/1", "photos/a/2", "photos/ab", "uploads/1"):
        await objects.put(name, b"x", WEBP)
    assert await objects.list("photos/a/") == ("photos/a/1", "photos/a/2")
    await objects.remove(await objects.list())
    assert await objects.list() == ()
    await objects.remove([])


async def test_a_bucket_travels_to_another_process_and_works_there(objects: MinioObjects) -> None:
    bucket: Bucket = pickle.loads(pickle.dumps(objects.bucket))
    bucket.write("uploads/b", b"jpeg", "image/jpeg")
    assert bucket.read("uploads/b") == await objects.read("uploads/b") == b"jpeg"
    with pytest.raises(NotFound):
        bucket.read("uploads/never")
    bucket.close()


async def test_photos_are_developed_straight_from_the_bucket_into_it(objects: MinioObjects) -> None:
    await objects.put("uploads/original", jpeg(), "image/jpeg")
    photo = new_id(7, now(), lambda _: 1)
    async with VipsDarkroom(objects.bucket, b"secret", workers=1) as room:
        developed = await room.develop(Exposed(photo, "uploads/original", "image/jpeg", None))
        with pytest.raises(FileNotFoundError):
            await room.develop(Exposed(photo, "uploads/never", "image/jpeg", None))
    assert isinstance(developed, Developed)
    keys = {variant.key: variant.bytes for variant in developed.rendition.variants}
    assert set(await objects.list("photos/")) == set(keys)
    assert {key: await objects.size(key) for key in keys} == keys


async def test_opening_may_be_repeated_and_secrets_stay_out_of_logs(place: Place, objects: MinioObjects) -> None:
    await objects.put(KEY, b"pixels", WEBP)
    await objects.open()
    assert await objects.size(KEY) == 6
    assert place.secret_key not in repr(place) + repr(objects.bucket)


async def test_urls_lead_to_where_clients_reach_the_store(place: Place) -> None:
    objects = MinioObjects(place, "https://files.example.org:443/", now=now)
    put = await objects.sign_put("uploads/a", content_type="image/jpeg", size=4, expires_at=soon())
    for url in (put.url, objects.public_url(KEY), objects.signed_url(KEY, soon())):
        assert url.startswith(f"https://files.example.org:443/{place.bucket}/")
    with pytest.raises(Invalid):
        objects.public_url("../secrets")


async def test_a_store_that_is_away_is_named_so(place: Place) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        away = MinioObjects(replace(place, endpoint=f"127.0.0.1:{taken.getsockname()[1]}"), now=now)
        with pytest.raises(Unavailable):
            await away.size(KEY)
        with pytest.raises(Unavailable):
            await away.open()
        await away.sign_put("uploads/a", content_type="image/jpeg", size=4, expires_at=soon())
        await away.close()
