"""The media half of the contract in one process: uploads in parts, edits, duplicates, what is similar, avatars."""

from dataclasses import replace
from hashlib import sha256

import pytest

from api.showing import images
from commands.developing import (
    PreviewPhoto,
    ProcessAvatar,
    ProcessPhoto,
    preview_photo,
    process_avatar,
    process_photo,
)
from commands.ports import Developed, Exposed, Spoiled, Wanted
from domain.images import Crop, Edits, Likeness, Rendition, Variant
from infra.core import erasing
from infra.files.objects import FileObjects
from tests.api.inside import Inside, inside
from tests.people import PASSWORD, jpeg

MIB = 1024 * 1024
SIZES = ("thumb", "small")


class Room:
    """A darkroom that names its files for what was asked of it."""

    def __init__(self, likeness: Likeness | None = None, spoils: str = "") -> None:
        self.likeness = likeness
        self.spoils = spoils
        self.asked: list[Exposed] = []

    async def develop(self, original: Exposed) -> Developed | Spoiled:
        self.asked.append(original)
        if self.spoils:
            return Spoiled(self.spoils, "It is no picture.")
        folder = f"{original.wanted}-{original.photo_id}-e{original.edition}"
        if original.wanted == Wanted.AVATAR:
            folder = f"avatars/{folder}"
        variants = tuple(
            Variant(name, "jpeg", size, size, 1, f"{folder}/{name}.jpeg")
            for name, size in (("thumb", 150), ("small", 400), ("download", 2000))
        )
        rendition = Rendition(1, 4000, 3000, "LEHV6n", "#7a8b99", variants)
        return Developed(sha256(original.photo_id.encode()).hexdigest(), rendition, likeness=self.likeness)


@pytest.fixture
async def world(tmp_path):
    async with inside(tmp_path / "data") as made:
        await made.member("ana")
        await made.member("ben")
        yield made


async def publish(world: Inside, who: str, room: Room, **said) -> str:
    content = jpeg(1)
    asked = {"filename": "a.jpg", "content_type": "image/jpeg", "size": len(content)}
    upload = (await world.call(who, "POST", "/uploads", json=asked)).json()
    assert (await world.http.put(upload["url"], content=content, headers=upload["headers"])).is_success
    made = await world.call(who, "POST", "/photos", json={"upload_id": upload["upload_id"], **said})
    photo_id = made.json()["photo_id"]
    await process_photo(ProcessPhoto(photo_id), deps=world.core.deps, darkroom=room)
    await world.level()
    return photo_id


async def test_a_large_file_comes_in_parts(world):
    size = 11 * MIB
    content = jpeg(2) + bytes(size - len(jpeg(2)))
    asked = {"filename": "a.jpg", "content_type": "image/jpeg", "size": size, "multipart": True}
    answer = await world.call("ana", "POST", "/uploads", json=asked)
    assert answer.status_code == 201
    upload = answer.json()
    assert [(part["number"], part["size"]) for part in upload["parts"]] == [(1, 5 * MIB), (2, 5 * MIB), (3, MIB)]
    path = f"/uploads/{upload['upload_id']}/complete"
    etags = []
    for part in upload["parts"]:
        assert (await world.call("ana", "POST", path, json={})).json()["code"] == "not_uploaded"
        start = 5 * MIB * (part["number"] - 1)
        put = await world.http.put(part["url"], content=content[start : start + part["size"]])
        assert put.status_code == 200, put.text
        etags.append({"number": part["number"], "etag": put.headers["ETag"]})
    early = await world.call("ana", "POST", "/photos", json={"upload_id": upload["upload_id"]})
    assert (early.status_code, early.json()["code"]) == (409, "not_uploaded")
    wrong = [{**etags[0], "etag": '"other"'}, *etags[1:]]
    refused = await world.call("ana", "POST", path, json={"parts": wrong})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "parts")
    assert (await world.call("ben", "POST", path, json={})).status_code == 404
    for key, replayed in (("a", False), ("a", True), ("b", False)):
        done = await world.call("ana", "POST", path, json={"parts": etags}, headers={"Idempotency-Key": key})
        assert (done.status_code, "X-Position" in done.headers) == (200, True)
        assert (done.json(), "Idempotency-Replayed" in done.headers) == ({"upload_id": upload["upload_id"]}, replayed)
    other = await world.call("ana", "POST", path, json={}, headers={"Idempotency-Key": "a"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    made = await world.call("ana", "POST", "/photos", json={"upload_id": upload["upload_id"]})
    assert made.status_code == 202
    original = await world.call("ana", "GET", f"/photos/{made.json()['photo_id']}/original")
    assert (await world.http.get(original.headers["Location"])).content == content


async def test_a_list_of_uploads_may_mix_whole_files_and_parts(world):
    one = {"filename": "a.jpg", "content_type": "image/jpeg", "size": 100}
    answer = await world.call("ana", "POST", "/uploads", json=[one, {**one, "size": 6 * MIB, "multipart": True}])
    assert answer.status_code == 201
    whole, divided = answer.json()
    assert "url" in whole
    assert "parts" not in whole
    assert "url" not in divided
    assert len(divided["parts"]) == 2


async def test_the_first_size_is_there_for_the_owner_while_the_rest_is_to_come(world):
    room = Room()
    content = jpeg(1)
    asked = {"filename": "a.jpg", "content_type": "image/jpeg", "size": len(content)}
    upload = (await world.call("ana", "POST", "/uploads", json=asked)).json()
    await world.http.put(upload["url"], content=content, headers=upload["headers"])
    photo = (await world.call("ana", "POST", "/photos", json={"upload_id": upload["upload_id"]})).json()
    for _ in range(2):
        await preview_photo(PreviewPhoto(photo["photo_id"]), deps=world.core.deps, darkroom=room)
    assert [each.wanted for each in room.asked] == [Wanted.FIRST]
    await world.level()
    seen = await world.get("ana", f"/photos/{photo['photo_id']}")
    assert (seen["status"], seen["image"]["variants"][0]["name"]) == ("processing", "thumb")
    assert "signature=" in seen["image"]["variants"][0]["url"]
    assert (await world.call("ben", "GET", f"/photos/{photo['photo_id']}")).status_code == 404
    await process_photo(ProcessPhoto(photo["photo_id"]), deps=world.core.deps, darkroom=room)
    assert room.asked[-1].first is not None
    await world.level()
    assert (await world.get("ben", f"/photos/{photo['photo_id']}"))["status"] == "ready"


async def test_edits_make_new_files_and_none_at_all_bring_the_old_look_back(world):
    room = Room()
    photo = await publish(world, "ana", room)
    before = await world.get("ana", f"/photos/{photo}")
    edits = {"crop": {"x": 10, "y": 20, "width": 300, "height": 200}, "rotate": 90, "filter": "sepia"}
    for _ in range(2):  # again: nothing changes
        answer = await world.call("ana", "PUT", f"/photos/{photo}/edits", json=edits)
        assert (answer.status_code, answer.json()["image"]) == (202, before["image"])
    await process_photo(ProcessPhoto(photo), deps=world.core.deps, darkroom=room)
    assert (room.asked[-1].edits, room.asked[-1].edition) == (Edits(Crop(10, 20, 300, 200), 90, "sepia"), 1)
    await world.level()
    after = await world.get("ana", f"/photos/{photo}")
    assert after["image"]["src"] != before["image"]["src"]
    await world.call("ana", "PUT", f"/photos/{photo}/edits", json={})
    await process_photo(ProcessPhoto(photo), deps=world.core.deps, darkroom=room)
    assert (room.asked[-1].edits, room.asked[-1].edition) == (Edits(), 2)
    await process_photo(ProcessPhoto(photo), deps=world.core.deps, darkroom=room)
    assert len(room.asked) == 3  # nothing was left to do


@pytest.mark.parametrize(
    ("edits", "field"),
    [
        ({"rotate": 45}, "rotate"),
        ({"filter": "no such"}, "filter"),
        ({"crop": {"x": 0, "y": 0, "width": 4001, "height": 10}}, "crop"),
        ({"crop": {"x": 3999, "y": 2999, "width": 2, "height": 1}}, "crop"),
        ({"crop": {"x": 0, "y": 0, "width": 0, "height": 10}}, "crop.width"),
        ({"crop": {"x": -1, "y": 0, "width": 1, "height": 10}}, "crop.x"),
    ],
)
async def test_edits_that_make_no_sense_are_told(world, edits, field):
    photo = await publish(world, "ana", Room())
    answer = await world.call("ana", "PUT", f"/photos/{photo}/edits", json=edits)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_only_the_owner_edits_and_only_what_is_ready(world):
    photo = await publish(world, "ana", Room())
    assert (await world.call("ben", "PUT", f"/photos/{photo}/edits", json={"rotate": 90})).status_code == 403
    assert (await world.call("ben", "PUT", "/photos/08j25r203e000/edits", json={"rotate": 90})).status_code == 404
    spoiled = await publish(world, "ana", Room(spoils="truncated"))
    answer = await world.call("ana", "PUT", f"/photos/{spoiled}/edits", json={"rotate": 90})
    assert (answer.status_code, answer.json()["code"]) == (409, "photo_not_ready")


async def test_an_edit_that_cannot_be_rendered_leaves_the_photo_as_it_is_shown(world):
    photo = await publish(world, "ana", Room())
    before = await world.get("ana", f"/photos/{photo}")
    await world.call("ana", "PUT", f"/photos/{photo}/edits", json={"rotate": 90})
    await process_photo(ProcessPhoto(photo), deps=world.core.deps, darkroom=Room(spoils="processing_failed"))
    await world.level()
    assert (await world.get("ana", f"/photos/{photo}"))["image"] == before["image"]
    assert await world.core.queries.waiting.page(after=None, limit=9) == []


async def test_the_download_is_a_copy_of_its_own_and_none_of_the_variants(world):
    photo = await publish(world, "ana", Room())
    shown = await world.get("ben", f"/photos/{photo}")
    assert "download" not in str(shown)
    answer = await world.call("ben", "GET", f"/photos/{photo}/download")
    assert answer.status_code == 302
    assert "download.jpeg" in answer.headers["Location"]
    assert "Accept" in answer.headers["Vary"]
    assert (await world.call("ben", "GET", f"/photos/{photo}/original")).status_code == 403


@pytest.mark.parametrize(
    ("accept", "format_"),
    [
        (None, "jpeg"),
        ("*/*", "jpeg"),
        ("image/*", "jpeg"),
        ("image/webp,image/jpeg;q=0.5", "webp"),
        ("image/avif,image/webp,*/*;q=0.8", "webp"),
        ("image/jpeg, image/webp;q=0.9", "jpeg"),
        ("image/webp;q=0,image/jpeg;q=0.1", "jpeg"),
        ("IMAGE/WebP", "webp"),
        ("image/webp;q=nothing, image/jpeg;q=0.1", "jpeg"),
        ("text/html", "jpeg"),
    ],
)
@pytest.mark.parametrize("own", [True, False])
def test_the_download_comes_in_the_format_that_is_liked_best(accept, format_, own):
    sizes = [("small", "webp", 400), ("small", "jpeg", 400), ("full", "webp", 1920), ("full", "jpeg", 1920)]
    made = [Variant(name, form, size, size, 1, f"{name}.{form}") for name, form, size in sizes]
    if own:
        made.append(Variant("download", "jpeg", 2048, 2048, 1, "download.jpeg"))
    rendition = Rendition(1, 4000, 4000, "LEHV6n", "#7a8b99", tuple(made))
    name = "download" if own and format_ == "jpeg" else "full"
    assert images.download(rendition, accept).key == f"{name}.{format_}"


async def test_duplicates_are_shown_until_they_are_decided_and_again_when_they_grow(world):
    copies = [await publish(world, "ana", Room(Likeness(f"0123456789abcde{at}", (1,) * 64))) for at in range(3)]
    other = await publish(world, "ana", Room(Likeness("fedcba9876543210", (1,) * 64)))
    await publish(world, "ben", Room(Likeness("0123456789abcde0", (1,) * 64)))
    (group,) = (await world.get("ana", "/me/duplicates"))["items"]
    assert [photo["photo_id"] for photo in group["photos"]] == copies
    path = f"/me/duplicates/{group['group_id']}"
    for keep in ([], [other], [*copies, other]):
        assert (await world.call("ana", "PUT", path, json={"keep": keep})).status_code == 422
    assert (await world.call("ben", "PUT", path, json={"keep": copies})).status_code == 404
    head = await world.core.store.head(0)
    for _ in range(2):
        assert (await world.call("ana", "PUT", path, json={"keep": copies[:2]})).status_code == 204
    assert await world.core.store.head(0) == head + 2  # the decision, and one photo into the trash
    assert (await world.get("ana", "/me/duplicates"))["items"] == []
    assert (await world.call("ana", "GET", f"/photos/{copies[2]}")).status_code == 404
    assert (await world.call("ana", "GET", f"/photos/{copies[1]}")).status_code == 200
    newer = await publish(world, "ana", Room(Likeness("0123456789abcdef", (1,) * 64)))
    (group,) = (await world.get("ana", "/me/duplicates"))["items"]
    assert [photo["photo_id"] for photo in group["photos"]] == [*copies[:2], newer]


async def test_similar_photos_are_public_ones_the_most_similar_first(world):
    looks = {"same": (9,) * 64, "near": (9,) * 60 + (0,) * 4, "far": (9, -9) * 32, "hidden": (9,) * 64}
    photos = {
        name: await publish(
            world, "ben", Room(Likeness("", look)), audience="private" if name == "hidden" else "public"
        )
        for name, look in looks.items()
    }
    asked = await publish(world, "ana", Room(Likeness("", (9,) * 64)))
    found = (await world.get("ana", f"/photos/{asked}/similar"))["items"]
    assert [photo["photo_id"] for photo in found] == [photos["same"], photos["near"], photos["far"]]
    assert [photo["similarity"] for photo in found] == pytest.approx([1, (60 / 64) ** 0.5, 0], abs=1e-3)
    page = await world.get("ana", f"/photos/{asked}/similar", limit=1)
    rest = await world.get("ana", f"/photos/{asked}/similar", limit=9, cursor=page["next_cursor"])
    assert page["items"] + rest["items"] == found
    assert (await world.call("ana", "GET", f"/photos/{photos['hidden']}/similar")).status_code == 404
    plain = await publish(world, "ana", Room())
    assert (await world.get(None, f"/photos/{plain}/similar"))["items"] == []


async def test_an_avatar_is_shown_wherever_its_member_is_until_it_is_removed(world):
    files = FileObjects(
        world.core.settings.data / "objects",
        world.core.installation.key("files"),
        "http://inside",
        now=world.core.deps.now,
    )
    content = jpeg(3)
    asked = {"filename": "a.jpg", "content_type": "image/jpeg", "size": len(content)}
    upload = (await world.call("ana", "POST", "/uploads", json=asked)).json()
    early = await world.call("ana", "PUT", "/me/avatar", json={"upload_id": upload["upload_id"]})
    assert (early.status_code, early.json()["code"]) == (409, "not_uploaded")
    await world.http.put(upload["url"], content=content, headers=upload["headers"])
    other = await world.call("ben", "PUT", "/me/avatar", json={"upload_id": upload["upload_id"]})
    assert other.status_code == 404
    for _ in range(2):
        chosen = await world.call("ana", "PUT", "/me/avatar", json={"upload_id": upload["upload_id"]})
        assert (chosen.status_code, chosen.json()["avatar"]) == (202, None)
    member_id = chosen.json()["member_id"]
    room = Room()
    await process_avatar(ProcessAvatar(member_id), deps=world.core.deps, darkroom=room, objects=files)
    await world.level()
    seen = await world.get("ben", "/members/ana")
    assert {each["name"] for each in seen["avatar"]["variants"]} == {"thumb", "small"}
    photo = await publish(world, "ana", Room())
    assert (await world.get("ben", f"/photos/{photo}"))["owner"]["avatar"] == seen["avatar"]
    as_photo = await world.call("ana", "POST", "/photos", json={"upload_id": upload["upload_id"]})
    assert (as_photo.status_code, as_photo.json()["code"]) == (409, "upload_used")
    for _ in range(2):
        assert (await world.call("ana", "DELETE", "/me/avatar")).status_code == 204
    await world.level()
    assert (await world.get("ben", "/members/ana"))["avatar"] is None
    assert await files.size(room.asked[0].object_key) is None


async def test_whoever_is_erased_leaves_no_file_of_any_avatar(world):
    key = world.core.installation.key("files")
    files = FileObjects(world.core.settings.data / "objects", key, "http://inside", now=world.core.deps.now)
    content, keys, room = jpeg(3), [], Room()
    for _ in range(2):
        asked = {"filename": "a.jpg", "content_type": "image/jpeg", "size": len(content)}
        upload = (await world.call("ana", "POST", "/uploads", json=asked)).json()
        await world.http.put(upload["url"], content=content, headers=upload["headers"])
        chosen = await world.call("ana", "PUT", "/me/avatar", json={"upload_id": upload["upload_id"]})
        await process_avatar(
            ProcessAvatar(chosen.json()["member_id"]), deps=world.core.deps, darkroom=room, objects=files
        )
        keys += [f"avatars/avatar-{room.asked[-1].photo_id}-e{room.asked[-1].edition}/{size}.jpeg" for size in SIZES]
        for each in keys:
            await files.put(each, b"face", "image/jpeg")
    await world.level()
    assert (await world.call("ana", "DELETE", "/me", json={"password": PASSWORD})).status_code == 202
    await world.level()
    (row,) = await world.core.queries.erasures.waiting(limit=9)
    await replace(erasing(world.core, files), wait_s=0).erase([row])
    assert {await files.size(each) for each in keys} == {None}
