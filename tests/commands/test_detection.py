"""Photos that a model looks at: asked for with a new picture, recorded once, and never at the cost of the photo."""

import asyncio
from functools import partial

import pytest

from commands.deciding import decide
from commands.detection import LabelPhoto, detection_part, label_photo
from commands.developing import ProcessPhoto, process_photo
from commands.photos import EditPhoto, RemovePhoto, edit_photo, remove_photo
from commands.ports import Spoiled
from domain import photos
from domain.detection import Model
from domain.events import (
    PhotoDetectionAsked,
    PhotoDetectionFailed,
    PhotoEdited,
    PhotoErased,
    PhotoLabelled,
    PhotoProcessed,
    PhotoRendered,
    PhotoUploaded,
)
from domain.images import Edits, Label
from tests.commands.product import RENDITION


class Seer:
    """Sees what the test says, and keeps what it was shown."""

    def __init__(self, version="1"):
        self.model = Model("seer", version)
        self.outcome = (Label("boat", 0.75, None),)
        self.shown = []
        self.meanwhile = None

    async def look(self, picture):
        self.shown.append(picture)
        if self.meanwhile:
            await self.meanwhile()
        return self.outcome


@pytest.fixture
async def ana(product):
    return await product.member("ana")


async def kinds(product, photo):
    return [type(event) for event in await product.events(photos.stream(photo))]


async def develop(product, photo):
    return await process_photo(ProcessPhoto(photo), deps=product.deps, darkroom=product.darkroom, detects=True)


async def look(product, photo, seer):
    return await label_photo(LabelPhoto(photo), deps=product.deps, detector=seer)


async def test_with_the_picture_it_is_asked_for_and_then_recorded_once(product, ana):
    photo, seer = await product.publish(ana), Seer()
    assert (await look(product, photo, seer)).recorded == ()  # nothing is shown yet
    assert [type(fact.event) for fact in (await develop(product, photo)).recorded] == [
        PhotoProcessed,
        PhotoDetectionAsked,
    ]
    (fact,) = (await look(product, photo, seer)).recorded
    assert (fact.event.model, fact.event.model_version, fact.event.labels) == ("seer", "1", seer.outcome)
    before = await product.heads()
    assert (await look(product, photo, seer)).recorded == ()
    assert await product.heads() == before
    assert seer.shown == [RENDITION]
    assert (await look(product, photo, Seer("2"))).recorded


async def test_where_nothing_detects_nothing_is_asked(product, ana):
    assert await kinds(product, await product.photo(ana)) == [PhotoUploaded, PhotoProcessed]


async def test_two_who_look_at_the_same_record_it_once(product, ana):
    photo, seer = await product.photo(ana), Seer()
    receipts = await asyncio.gather(*(look(product, photo, seer) for _ in range(4)))
    assert sum(len(receipt.recorded) for receipt in receipts) == 1


async def test_a_model_that_fails_is_recorded_and_the_photo_stays_ready(product, ana):
    photo, seer = await product.photo(ana), Seer()
    seer.outcome = Spoiled("detection_failed", "The model can't look at it.")
    (fact,) = (await look(product, photo, seer)).recorded
    assert isinstance(fact.event, PhotoDetectionFailed)
    assert (await look(product, photo, seer)).state.photo.status == "ready"
    seer.outcome = ()
    assert (await look(product, photo, seer)).recorded


async def test_an_edition_is_asked_for_anew_once_it_is_rendered(product, ana):
    photo, seer = await product.photo(ana), Seer()

    async def edit(rotate):
        await edit_photo(EditPhoto(ana, photo, Edits(rotate=rotate)), deps=product.deps, sight=product.sight)
        await develop(product, photo)

    await look(product, photo, seer)
    await edit(90)
    seer.meanwhile = partial(edit, 180)
    assert (await look(product, photo, seer)).recorded == ()  # another edition came meanwhile
    seer.meanwhile = None
    (fact,) = (await look(product, photo, seer)).recorded
    assert fact.event.edition == 2
    assert (await kinds(product, photo))[3:6] == [PhotoEdited, PhotoRendered, PhotoDetectionAsked]


async def test_a_photo_in_the_trash_is_looked_at_and_one_that_is_erased_is_not(product, ana):
    first, second = await product.photo(ana), await product.photo(ana)
    for photo in (first, second):
        await remove_photo(RemovePhoto(ana, photo), deps=product.deps, sight=product.sight)
    assert (await look(product, first, Seer())).recorded

    async def erase():
        part = detection_part(second)
        await decide(product.deps, part, lambda known: photos.erase(known.photo, product.clock()))

    seer = Seer()
    seer.meanwhile = erase
    assert (await look(product, second, seer)).recorded == ()
    assert (await kinds(product, second))[-1] is PhotoErased
    assert PhotoLabelled not in await kinds(product, second)


async def test_labels_are_sealed_with_their_owners_key(product, ana, tmp_path):
    photo, seer = await product.photo(ana), Seer()
    seer.outcome = (Label("a most telling label", 0.5, None),)
    await look(product, photo, seer)
    files = [path.read_bytes() for path in tmp_path.rglob("*.db*")]
    assert any(b"photo.labelled" in content for content in files)
    assert not any(b"most telling" in content for content in files)
