"""Moving: whoever kept the URLs of a photo that was public has nothing of them, and nobody else loses anything."""

import asyncio
import secrets
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import httpx
import pytest

from commands.developing import ProcessPhoto, process_photo
from commands.errors import Unavailable
from commands.moderation import LiftTakedown, TakeDown, lift_takedown, take_down
from commands.moving import MovePhoto, move_photo
from commands.ports import Developed, Exposed, Objects
from commands.tidying import TidyPhoto, tidy_photo
from domain import photos
from domain.events import PhotoMoved
from domain.files import folder, rendered_folder
from domain.folding import fold
from domain.images import Rendition, Variant
from domain.moderation import Subject
from domain.photos import NO_PHOTO, Photo
from infra.core import moving, utc_now
from infra.developing import home_of
from infra.exposing import Exposed as ExposedFiles
from infra.exposing import Exposing
from infra.files.objects import FileObjects
from infra.kafka.checkpoints import MOVED, SqliteRelayCheckpoints
from infra.kafka.leadership import FileLeadership
from infra.minio.bucket import Place as Bucketed
from infra.minio.objects import MinioObjects
from streams.moving import SHOWN_S, Moving
from tests.api.inside import Inside, inside

NAMES = ("thumb.webp", "small.jpeg")


class Killed(BaseException):
    """The process ends here: nothing of it runs on but what a real end would leave to run."""


@dataclass
class Mortal:
    """Objects, until the process is killed before or after so many calls."""

    objects: Objects
    calls: int = 10**9
    after: bool = False

    def __getattr__(self, name):
        call = getattr(self.objects, name)

        async def counted(*args):
            self.calls -= 1
            if self.calls < 0 and not self.after:
                raise Killed
            answer = await call(*args)
            if self.calls < 0:
                raise Killed
            return answer

        return counted


@dataclass
class Room:
    """A darkroom whose files are a few bytes; `meanwhile` happens while they are made."""

    place: "Place"
    recipe: int = 1
    meanwhile: object = None

    async def develop(self, original: Exposed) -> Developed:
        core = self.place.made.core
        at = rendered_folder("5f" * 32, self.recipe, original.edition)
        home = home_of(core.installation)(original.photo_id, original.moves)
        keys = [f"{home}/{at}/{name}" for name in NAMES]
        for key in keys:
            await self.place.objects.put(key, key.encode(), "image/webp")
        if self.meanwhile:
            await self.meanwhile()
        variants = (
            Variant(name.split(".")[0], name.split(".")[1], 40, 30, len(key), key)
            for name, key in zip(NAMES, keys, strict=True)
        )
        return Developed("5f" * 32, Rendition(self.recipe, 40, 30, "LEHV6n", "#7a8b99", tuple(variants)))


@dataclass
class Place:
    """An installation with a photo that everyone may see, and who looks at its files."""

    made: Inside
    objects: FileObjects | MinioObjects
    web: httpx.AsyncClient
    checkpoints: object
    photo: str = ""
    member: str = ""
    clock: list[timedelta] = field(default_factory=lambda: [timedelta()])

    @property
    def home(self):
        return home_of(self.made.core.installation)

    def moving(self, objects: Objects | None = None, **more) -> Moving:
        """The reaction, whose clock a test sets forward."""
        found = moving(self.made.core, objects or self.objects, SqliteRelayCheckpoints(self.checkpoints, MOVED))
        return replace(found, now=lambda: utc_now() + self.clock[0], sweep_s=0.01, **more)

    async def swept(self) -> None:
        """Everything moved, and after the time for pages just shown what is left over is ended."""
        await self.made.level()
        await self.moving().sweep()
        await self.made.level()
        self.clock[0] += timedelta(seconds=SHOWN_S + 1)
        await self.moving().sweep()

    async def state(self, photo: str = "") -> Photo:
        (loaded,) = await self.made.core.store.load(photos.stream(photo or self.photo))
        return fold(photos.evolve, NO_PHOTO, (fact.event for fact in loaded.events))

    async def moves(self, photo: str = "") -> int:
        """How many events say so."""
        (loaded,) = await self.made.core.store.load(photos.stream(photo or self.photo))
        return sum(isinstance(fact.event, PhotoMoved) for fact in loaded.events)

    async def files(self, photo: str = "") -> set[str]:
        """What lies in a photo's folder."""
        return set(await self.objects.list(f"{folder(photo or self.photo)}/"))

    async def whole(self, photo: str = "") -> bool:
        """Whether there is all that is shown, and nothing else."""
        return await self.files(photo) == (await self.state(photo)).keys

    async def seen(self, url: str) -> int:
        return (await self.web.get(url)).status_code

    async def render(self, room: Room | None = None, **said) -> None:
        await process_photo(ProcessPhoto(self.photo, **said), deps=self.made.core.deps, darkroom=room or Room(self))

    async def publish(self, **said) -> str:
        """A photo whose files are there."""
        asked = {"filename": "a.jpg", "content_type": "image/jpeg", "size": 4}
        upload = (await self.made.call("ana", "POST", "/uploads", json=asked)).json()
        put = await self.made.http.put(upload["url"], content=b"jpeg", headers=upload["headers"])
        assert put.is_success, put.text
        made = await self.made.call("ana", "POST", "/photos", json={"upload_id": upload["upload_id"], **said})
        photo = str(made.json()["photo_id"])
        await process_photo(ProcessPhoto(photo), deps=self.made.core.deps, darkroom=Room(self))
        await self.made.level()
        return photo


async def placed(made: Inside, place: Place) -> Place:
    place.member = await made.member("ana")
    await made.member("ben")
    place.photo = await place.publish()
    return place


@asynccontextmanager
async def in_files(tmp_path):
    async with inside(tmp_path / "data", logs=2) as made:
        key = made.core.installation.key("files")
        objects = FileObjects(tmp_path / "data" / "objects", key, "http://inside", now=utc_now)
        yield await placed(made, Place(made, objects, made.http, tmp_path / "checkpoints.db"))


@asynccontextmanager
async def in_bucket(tmp_path, at):
    """The same, with a bucket for files, whose gates are set by what commands record."""
    where = Bucketed(at.minio, at.minio_access_key, at.minio_secret_key, f"moving-{secrets.token_hex(6)}")
    objects = MinioObjects(where, now=utc_now)
    await objects.open()
    async with inside(tmp_path / "data", logs=2) as first, httpx.AsyncClient(trust_env=False) as web:
        gates = ExposedFiles(first.core.store, first.core.queries.sight, first.core.queries.authors, objects)
        deps = replace(first.core.deps, immediate=Exposing(first.core.deps.immediate, gates))
        async with first.over(replace(first.core, deps=deps)) as other:
            made = Inside(replace(first.core, deps=deps), first.assemble, other.http, first.headers)
            yield await placed(made, Place(made, objects, web, tmp_path / "checkpoints.db"))
    await objects.close()


@pytest.fixture
async def place(tmp_path):
    async with in_files(tmp_path) as found:
        yield found


@pytest.fixture(params=["files", pytest.param("minio", marks=pytest.mark.cluster)])
async def either(request, tmp_path):
    if request.param == "files":
        async with in_files(tmp_path) as found:
            yield found
    else:
        async with in_bucket(tmp_path, request.getfixturevalue("stack").need("minio")) as found:
            yield found


async def for_friends(place: Place, audience: str = "friends") -> None:
    answer = await place.made.call("ana", "PATCH", f"/photos/{place.photo}", json={"audience": audience})
    assert answer.status_code == 200


async def removed(place: Place) -> None:
    assert (await place.made.call("ana", "DELETE", f"/photos/{place.photo}")).status_code == 204


async def restored(place: Place) -> None:
    assert (await place.made.call("ana", "POST", f"/photos/{place.photo}/restore")).status_code == 200


async def private(place: Place, *, private: bool = True) -> None:
    assert (await place.made.call("ana", "PATCH", "/me", json={"private": private})).status_code == 200


async def down(place: Place, kind: str = "photo") -> None:
    subject = Subject(kind, {"photo": place.photo, "member": place.member}[kind])
    await take_down(TakeDown(subject, place.member), deps=place.made.core.deps)


async def up(place: Place, kind: str = "photo") -> None:
    subject = Subject(kind, {"photo": place.photo, "member": place.member}[kind])
    await lift_takedown(LiftTakedown(subject, place.member), deps=place.made.core.deps)


@pytest.mark.parametrize(
    ("hide", "show"),
    [
        (for_friends, lambda place: for_friends(place, "public")),
        (private, lambda place: private(place, private=False)),
    ],
    ids=["for friends", "owner private"],
)
async def test_what_was_public_is_shown_again_under_other_keys(either, hide, show):
    old = {key: either.objects.public_url(key) for key in await either.files()}
    assert {await either.seen(url) for url in old.values()} == {200}
    await hide(either)
    assert {await either.seen(url) for url in old.values()} <= {403, 404}  # at once, before anything is moved
    for _ in range(2):
        await either.swept()
    assert await either.moves() == 1
    assert await either.whole()
    new = await either.files()
    assert len(new) == len(NAMES)
    assert not new & old.keys()
    assert {await either.seen(either.objects.public_url(key)) for key in new} <= {403, 404}
    await show(either)
    await either.swept()
    assert await either.moves() == 1
    assert {await either.seen(either.objects.public_url(key)) for key in new} == {200}
    assert {await either.seen(url) for url in old.values()} <= {403, 404}
    await hide(either)
    await either.swept()
    assert await either.moves() == 2
    assert not await either.files() & (new | old.keys())


@pytest.mark.parametrize(
    ("hide", "show"),
    [
        (removed, restored),
        (down, up),
        (lambda place: down(place, "member"), lambda place: up(place, "member")),
    ],
    ids=["removed", "taken down", "owner taken down"],
)
async def test_what_was_only_hidden_comes_back_as_it_was(either, hide, show):
    urls = [either.objects.public_url(key) for key in await either.files()]
    await hide(either)
    assert {await either.seen(url) for url in urls} <= {403, 404}
    await either.swept()
    await show(either)
    assert {await either.seen(url) for url in urls} == {200}
    assert await either.moves() == 0


async def test_its_owner_sees_it_all_the_while(place):
    async def looks() -> str:
        image = (await place.made.get("ana", f"/photos/{place.photo}"))["image"]
        urls = [each["url"] for each in image["variants"]]
        assert [await place.seen(url) for url in urls] == [200] * len(NAMES)
        return urls[0].partition("?")[0]

    first = await looks()
    await for_friends(place)
    assert await looks() == first
    await place.moving().sweep()
    shown = await place.made.call("ana", "GET", f"/photos/{place.photo}")  # a page from just before
    await place.made.level()
    second = await looks()
    assert second != first
    for variant in shown.json()["image"]["variants"]:
        assert await place.seen(variant["url"]) == 200
    place.clock[0] += timedelta(seconds=SHOWN_S + 1)
    await place.moving().sweep()
    assert await looks() == second
    assert (await place.made.call("ben", "GET", f"/photos/{place.photo}")).status_code == 404


async def test_what_was_never_public_stays_where_it_is(place):
    place.photo = await place.publish(audience="friends")
    await for_friends(place, "private")
    await removed(place)
    await restored(place)
    await private(place)
    await place.swept()
    assert await place.moves() == 0
    assert await place.whole()


async def test_what_is_public_again_before_anything_was_moved_gets_other_keys_too(either):
    old = await either.files()
    await for_friends(either, "private")
    await for_friends(either, "public")
    await either.swept()
    assert await either.moves() == 1
    new = await either.files()
    assert not new & old
    assert {await either.seen(either.objects.public_url(key)) for key in new} == {200}


async def test_a_private_account_has_all_its_photos_moved_once_however_often_that_is_begun(place):
    others = [await place.publish() for _ in range(5)]
    for _ in range(2):  # what happens faster than it is followed counts once
        await private(place)
        await private(place, private=False)
    await private(place)
    await place.made.level()
    failing = Mortal(place.objects, calls=7)
    with pytest.raises(Killed):
        await place.moving(failing).sweep()
    await place.swept()
    assert [await place.moves(photo) for photo in (place.photo, *others)] == [1] * 6
    assert all([await place.whole(photo) for photo in (place.photo, *others)])


@pytest.mark.parametrize("after", [False, True], ids=["before a call", "after a call"])
async def test_killed_anywhere_it_is_gone_on_with(either, after):
    hide, calls, kills = True, 0, 0
    while True:
        await for_friends(either, "private" if hide else "public")
        await either.made.level()
        before = await either.moves()
        mortal = Mortal(either.objects, calls, after)
        try:
            await either.moving(mortal).sweep()
            await either.made.level()
            either.clock[0] += timedelta(seconds=SHOWN_S + 1)
            await either.moving(mortal).sweep()
        except Killed:
            kills += 1
        shown = (await either.state()).keys
        assert shown <= await either.files()  # never without its files
        await either.swept()
        assert await either.whole()
        assert await either.moves() == before + hide
        if hide and kills and calls > 8:
            break
        calls, hide = calls + (not hide), not hide
    assert kills == len(NAMES) + 2  # each copy, the list of what lies there, and its removal


async def test_killed_before_the_event_is_recorded_the_same_keys_are_written_again(place):
    edited = await place.made.call("ana", "PUT", f"/photos/{place.photo}/edits", json={"rotate": 90})
    assert edited.is_success  # and not rendered yet: what is moved is of an edition before
    await for_friends(place)

    class Dying:
        async def append(self, *_):
            raise Killed

        def __getattr__(self, name):
            return getattr(place.made.core.store, name)

    deps = replace(place.made.core.deps, store=Dying())
    with pytest.raises(Killed):
        await move_photo(MovePhoto(place.photo), deps=deps, objects=place.objects, home=place.home)
    copied = await place.files() - (await place.state()).keys
    assert len(copied) == len(NAMES)
    assert (
        await tidy_photo(TidyPhoto(place.photo), deps=place.made.core.deps, objects=place.objects, home=place.home) == 0
    )
    await place.swept()
    assert await place.files() == copied


async def test_what_is_rendered_anew_while_files_move_is_shown_and_nothing_is_left(place):
    await for_friends(place)

    class Meanwhile(Mortal):
        def __getattr__(self, name):
            if name == "copy" and self.calls:
                self.calls = 0
                return self.overtaken
            return getattr(self.objects, name)

        async def overtaken(self, source, target):
            await self.objects.copy(source, target)
            await place.render(Room(place, recipe=2), recipe=2)

    await place.moving(Meanwhile(place.objects)).sweep()
    await place.swept()
    state = await place.state()
    assert (await place.moves(), state.rendition.recipe) == (1, 2)
    assert await place.whole()
    assert state.former == ()


async def test_files_that_move_while_they_are_rendered_anew_are_rendered_where_they_are_then(place):
    await for_friends(place)
    await place.made.level()
    room = Room(place, recipe=2, meanwhile=place.moving().sweep)
    await place.render(room, recipe=2)
    await place.swept()
    state = await place.state()
    assert (await place.moves(), state.rendition.recipe) == (1, 2)
    assert len(state.former) == len(NAMES)  # those of the recipe before, until they are pruned
    assert await place.whole()
    assert {key.split("/")[5] for key in state.keys} == {place.home(place.photo, 1).split("/")[5]}


async def test_what_moved_can_be_edited_and_moved_again(place):
    await for_friends(place)
    await place.swept()
    await for_friends(place, "public")
    assert (await place.made.call("ana", "PUT", f"/photos/{place.photo}/edits", json={"rotate": 90})).is_success
    await place.render()
    await place.made.level()
    image = (await place.made.get("ben", f"/photos/{place.photo}"))["image"]
    assert {await place.seen(each["url"]) for each in image["variants"]} == {200}
    await for_friends(place)
    await place.swept()
    assert await place.moves() == 2
    assert await place.whole()
    assert all("e1/" in key for key in await place.files())


async def test_a_lost_file_holds_up_nothing(place):
    lost, *_ = sorted(await place.files())
    await place.objects.remove([lost])
    await for_friends(place)
    await place.swept()
    assert await place.moves() == 1
    assert len(await place.files()) == len(NAMES) - 1


async def test_a_store_that_fails_at_every_third_call_takes_longer(either):
    class Faltering(Mortal):
        def __getattr__(self, name):
            call = getattr(self.objects, name)

            async def falters(*args):
                self.calls += 1
                if self.calls % 3 == 0:
                    raise Unavailable("the object store fails at every third call")
                return await call(*args)

            return falters

    await for_friends(either)
    await either.made.level()
    failing = Faltering(either.objects, calls=0)
    for _ in range(10):
        await either.moving(failing).sweep()
        await either.made.level()
        either.clock[0] += timedelta(seconds=SHOWN_S + 1)
    assert failing.calls >= 5
    assert await either.moves() == 1
    assert await either.whole()


async def test_of_two_processes_one_moves(place, tmp_path):
    await for_friends(place)
    await place.made.level()
    leadership = FileLeadership(tmp_path)
    tasks = [asyncio.create_task(place.moving(leadership=leadership, shown_s=0).run()) for _ in range(2)]
    try:
        async with asyncio.timeout(30):
            while not (await place.moves() and await place.whole()):  # noqa: ASYNC110 - a store tells nobody
                await asyncio.sleep(0.01)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    assert await place.moves() == 1
