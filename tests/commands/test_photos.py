"""Uploads become photos once, only their owners change them, and developing ends in one outcome."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from commands.developing import ProcessPhoto, process_photo
from commands.errors import Unavailable
from commands.photos import (
    ChangePhoto,
    PublishPhoto,
    RemovePhoto,
    RestorePhoto,
    change_photo,
    publish_photo,
    remove_photo,
    restore_photo,
)
from commands.ports import Context, Exposed, Spoiled
from commands.uploads import RequestUpload, new_upload, request_uploads, sign_upload
from domain import photos, uploads
from domain.errors import Contradicted, Forbidden, Invalid, NotFound, TooLarge, Unsupported
from domain.events import (
    PhotoAudienceChanged,
    PhotoDescribed,
    PhotoProcessed,
    PhotoRejected,
    PhotoRemoved,
    PhotoRestored,
    PhotoUploaded,
    UploadRequested,
    UploadUsed,
)
from domain.ids import new_id, slot_of
from domain.images import MAX_UPLOAD_BYTES
from domain.photos import TRASH_KEPT, Words
from domain.uploads import UPLOAD_OPEN
from domain.visibility import Audience, PhotoState, Status
from tests.commands.product import DEVELOPED, RENDITION, Down, Overtaken
from tests.given import NOON, later


@pytest.fixture
async def ana(product):
    return await product.member("ana")


@pytest.fixture
async def ben(product):
    return await product.member("ben")


def changed(product, member, photo, *, audience=None, deps=None, sight=None, **words):
    command = ChangePhoto(member, photo, Words(**words), audience)
    return change_photo(command, deps=deps or product.deps, sight=sight or product.sight)


def removed(product, member, photo, *, deps=None, sight=None):
    return remove_photo(RemovePhoto(member, photo), deps=deps or product.deps, sight=sight or product.sight)


def restored(product, member, photo):
    return restore_photo(RestorePhoto(member, photo), deps=product.deps, sight=product.sight)


def published(product, member, upload, **said):
    return publish_photo(PublishPhoto(member, upload, **said), deps=product.deps, objects=product.objects)


async def kinds(product, photo):
    return [type(event) for event in await product.events(photos.stream(photo))]


async def seen(product, photo):
    return (await product.sight.photos([photo]))[photo]


async def test_an_upload_is_asked_for_in_a_form_that_can_become_a_photo(product, ana):
    asked = RequestUpload(ana, " dawn.jpg ", "Image/JPEG; q=1", 10, "AB" * 32)
    requested = new_upload(asked, deps=product.deps)
    assert (requested.filename, requested.content_type, requested.sha256) == ("dawn.jpg", "image/jpeg", "ab" * 32)
    assert requested.object_key == f"photos/2026/05/01/{requested.upload_id}/original"
    assert requested.expires_at == NOON + UPLOAD_OPEN
    receipt = await request_uploads([requested], deps=product.deps)
    (fact,) = await product.facts(uploads.stream(requested.upload_id))
    assert fact.event == requested
    assert fact.position.log == slot_of(ana) % product.store.logs
    assert receipt.reached == {fact.position.log: fact.position.number}
    signed = await sign_upload(requested, objects=product.objects)
    assert requested.object_key in signed.url
    assert signed.expires_at == requested.expires_at


@pytest.mark.parametrize(
    ("said", "kind", "field"),
    [
        ({"content_type": "text/html"}, Unsupported, "content_type"),
        ({"size": MAX_UPLOAD_BYTES + 1}, TooLarge, "size"),
        ({"size": 0}, Invalid, "size"),
        ({"filename": "  "}, Invalid, "filename"),
        ({"filename": "x" * 256}, Invalid, "filename"),
        ({"sha256": "zz" * 32}, Invalid, "sha256"),
        ({"sha256": "a" * 63}, Invalid, "sha256"),
    ],
)
async def test_what_can_never_become_a_photo_is_refused(product, said, kind, field):
    asked = replace(RequestUpload(new_id(1, NOON), "a.jpg", "image/jpeg", 10), **said)
    with pytest.raises(kind) as refusal:
        new_upload(asked, deps=product.deps)
    assert refusal.value.field == field


async def test_many_uploads_are_asked_for_in_one_step(product, ana):
    many = [new_upload(RequestUpload(ana, f"{n}.jpg", "image/jpeg", 10), deps=product.deps) for n in range(50)]
    receipt = await request_uploads(many, deps=product.deps)
    assert [fact.event for fact in receipt.recorded] == many
    assert [upload.requested for upload in receipt.state] == many


async def test_a_photo_says_what_its_owner_says(product, ana):
    requested = await product.upload(ana)
    receipt = await published(
        product,
        ana,
        requested.upload_id,
        caption=" With @Ben at #Dawn ",
        alt_text="A hill",
        tags=("#Film", "dawn"),
        audience=Audience.FRIENDS,
        place="Oslo",
        show_location=True,
    )
    uploaded, used = (fact.event for fact in receipt.recorded)
    photo = uploaded.photo_id
    assert slot_of(photo) == slot_of(ana)
    assert isinstance(uploaded, PhotoUploaded)
    assert (uploaded.caption, uploaded.mentions) == ("With @Ben at #Dawn", ("ben",))
    assert uploaded.tags == ("film", "dawn")
    assert (uploaded.object_key, uploaded.size) == (requested.object_key, requested.size)
    assert used == UploadUsed(at=NOON, upload_id=requested.upload_id, member_id=ana, photo_id=photo)
    assert receipt.state.audience is Audience.FRIENDS
    assert await seen(product, photo) == PhotoState(photo, ana, Status.PROCESSING, Audience.FRIENDS)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"caption": "x" * 2201}, "caption"),
        ({"alt_text": "x" * 1501}, "alt_text"),
        ({"place": "two\nlines"}, "place"),
        ({"tags": ("two words",)}, "tags"),
    ],
)
async def test_words_keep_their_limits(product, ana, said, field):
    requested = await product.upload(ana)
    with pytest.raises(Invalid) as refusal:
        await published(product, ana, requested.upload_id, **said)
    assert refusal.value.field == field
    assert await product.events(uploads.stream(requested.upload_id)) == [requested]


@pytest.mark.parametrize("said", [{"caption": "x" * 2201}, {"alt_text": "x" * 1501}, {"tags": ("two words",)}])
async def test_changed_words_keep_them_too(product, ana, said):
    photo = await product.publish(ana)
    with pytest.raises(Invalid) as refusal:
        await changed(product, ana, photo, **said)
    assert [refusal.value.field] == [*said]
    assert await kinds(product, photo) == [PhotoUploaded]


async def test_a_file_that_has_not_arrived_is_no_photo(product, ana):
    requested = await product.ask(ana, content=b"picture")
    with pytest.raises(Contradicted) as refusal:
        await published(product, ana, requested.upload_id)
    assert refusal.value.code == "not_uploaded"
    await product.objects.put(requested.object_key, b"pict", "image/jpeg")
    with pytest.raises(Invalid) as other:
        await published(product, ana, requested.upload_id)
    assert other.value.code == "size_mismatch"
    assert await product.events(uploads.stream(requested.upload_id)) == [requested]
    await product.objects.put(requested.object_key, b"picture", "image/jpeg")
    assert (await published(product, ana, requested.upload_id)).recorded


async def test_an_upload_is_its_members_own(product, ana, ben):
    requested = await product.upload(ana)
    for member, upload in ((ben, requested.upload_id), (ana, new_id(slot_of(ana), NOON)), (ana, "nonsense")):
        with pytest.raises(NotFound):
            await published(product, member, upload)
    assert await product.events(uploads.stream(requested.upload_id)) == [requested]


async def test_the_same_upload_is_the_same_photo(product, ana):
    requested = await product.upload(ana)
    first = await published(product, ana, requested.upload_id, caption="first")
    await product.objects.remove([requested.object_key])
    before = await product.heads()
    again = await published(product, ana, requested.upload_id, caption="second")
    assert again.state == first.state
    assert again.recorded == ()
    (fact,) = await product.facts(photos.stream(first.state.uploaded.photo_id))
    assert again.reached == {fact.position.log: fact.position.number}
    assert await product.heads() == before


async def test_the_same_upload_at_once_is_one_photo(product, ana):
    requested = await product.upload(ana)
    receipts = await asyncio.gather(*(published(product, ana, requested.upload_id) for _ in range(10)))
    assert len({receipt.state.uploaded.photo_id for receipt in receipts}) == 1
    assert sum(len(receipt.recorded) for receipt in receipts) == 2
    events = await product.events(uploads.stream(requested.upload_id))
    assert [type(event) for event in events] == [UploadRequested, UploadUsed]


async def test_an_owner_changes_what_is_said_in_one_step(product, ana):
    photo = await product.photo(ana, caption="Old #tag", tags=("kept",))
    receipt = await changed(product, ana, photo, caption="New #word by @ben", audience=Audience.PRIVATE)
    described, opened = (fact.event for fact in receipt.recorded)
    assert isinstance(described, PhotoDescribed)
    assert (described.caption, described.mentions, described.alt_text) == ("New #word by @ben", ("ben",), "")
    assert described.tags == ("kept", "word")  # a caption's own tags go with it
    assert opened == PhotoAudienceChanged(
        at=NOON, photo_id=photo, owner_id=ana, status="ready", before="public", audience="private"
    )
    assert (await seen(product, photo)).audience == Audience.PRIVATE
    again = await changed(product, ana, photo, caption="New #word by @ben", audience=Audience.PRIVATE)
    assert (again.recorded, again.reached) == ((), receipt.reached)
    only = await changed(product, ana, photo, show_location=True)
    assert (only.state.caption, only.state.tags) == (described.caption, described.tags)
    assert (await changed(product, ana, photo)).recorded == ()


async def test_only_the_owner_changes_removes_or_restores(product, ana, ben):
    photo = await product.photo(ana)
    for attempt in (changed, removed, restored):
        with pytest.raises(Forbidden) as refusal:
            await attempt(product, ben, photo)
        assert refusal.value.code == "forbidden"
    assert await kinds(product, photo) == [PhotoUploaded, PhotoProcessed]


async def test_what_is_not_seen_is_not_found(product, ana, ben):
    hidden = [
        await product.publish(ana),
        await product.photo(ana, audience=Audience.PRIVATE),
        await product.photo(ana, audience=Audience.FRIENDS),
        new_id(slot_of(ana), NOON),
        "nonsense",
    ]
    gone = await product.photo(ana)
    await removed(product, ana, gone)
    before = await product.heads()
    for photo in (*hidden, gone):
        for attempt in (changed, removed, restored):
            with pytest.raises(NotFound) as refusal:
                await attempt(product, ben, photo)
            assert refusal.value.code == "photo_not_found"
    assert await product.heads() == before


async def test_a_photo_is_removed_once_and_restored_once(product, ana):
    photo = await product.photo(ana)
    receipt = await removed(product, ana, photo)
    assert [fact.event for fact in receipt.recorded] == [
        PhotoRemoved(at=NOON, photo_id=photo, owner_id=ana, status="ready", audience="public")
    ]
    assert (await seen(product, photo)).removed
    again = await removed(product, ana, photo)
    assert (again.recorded, again.reached) == ((), receipt.reached)
    with pytest.raises(NotFound):
        await changed(product, ana, photo, caption="x")
    assert [type(fact.event) for fact in (await restored(product, ana, photo)).recorded] == [PhotoRestored]
    assert not (await seen(product, photo)).removed
    assert (await restored(product, ana, photo)).recorded == ()


async def test_the_trash_is_kept_for_thirty_days(product, ana):
    soon, late = await product.photo(ana), await product.photo(ana)
    for photo in (soon, late):
        await removed(product, ana, photo)
    product.clock.now = NOON + TRASH_KEPT
    assert (await restored(product, ana, soon)).recorded
    product.clock.forward(microseconds=1)
    with pytest.raises(Contradicted) as refusal:
        await restored(product, ana, late)
    assert refusal.value.code == "trash_expired"


async def test_a_change_that_a_removal_overtook_is_not_made(product, ana):
    photo = await product.photo(ana)
    overtaken = replace(product.deps, store=Overtaken(product.store, partial(removed, product, ana, photo)))
    with pytest.raises(NotFound):
        await changed(product, ana, photo, deps=overtaken, caption="late", audience=Audience.PRIVATE)
    assert await kinds(product, photo) == [PhotoUploaded, PhotoProcessed, PhotoRemoved]


async def test_two_changes_at_once_both_count(product, ana):
    photo = await product.photo(ana)
    await asyncio.gather(changed(product, ana, photo, caption="c"), changed(product, ana, photo, alt_text="a"))
    receipt = await changed(product, ana, photo)
    assert (receipt.state.caption, receipt.state.alt_text) == ("c", "a")


async def test_with_the_read_store_down_owners_take_away_what_is_theirs_and_nobody_else(product, ana, ben):
    photo = await product.photo(ana)
    down = {"deps": replace(product.deps, immediate=Down()), "sight": Down()}
    for attempt in (changed, removed):
        with pytest.raises(Unavailable):
            await attempt(product, ben, photo, **down)
    narrowed = await changed(product, ana, photo, audience=Audience.PRIVATE, **down)
    assert (narrowed.pending, narrowed.state.audience) == (True, Audience.PRIVATE)
    assert (await removed(product, ana, photo, **down)).pending
    assert await kinds(product, photo) == [PhotoUploaded, PhotoProcessed, PhotoAudienceChanged, PhotoRemoved]


async def test_a_photo_is_developed_once(product, ana):
    photo = await product.publish(ana, audience=Audience.FRIENDS)
    (made,) = await product.events(photos.stream(photo))
    receipt = await product.process(photo)
    assert product.darkroom.asked == [Exposed(photo, made.object_key, "image/jpeg", None, size=made.size)]
    (fact,) = receipt.recorded
    assert (fact.event.sha256, fact.event.rendition, fact.event.audience) == (DEVELOPED.sha256, RENDITION, "friends")
    assert receipt.state.status is Status.READY
    assert (await seen(product, photo)).status == Status.READY
    before = await product.heads()
    assert (await product.process(photo)).recorded == ()
    assert len(product.darkroom.asked) == 1
    assert await product.heads() == before


async def test_two_who_develop_the_same_record_one_outcome(product, ana):
    photo = await product.publish(ana)
    receipts = await asyncio.gather(*(product.process(photo) for _ in range(4)))
    assert sum(len(receipt.recorded) for receipt in receipts) == 1
    assert await kinds(product, photo) == [PhotoUploaded, PhotoProcessed]


async def test_what_can_not_be_developed_is_rejected_for_good(product, ana, ben):
    photo = await product.publish(ana)
    product.darkroom.outcome = Spoiled("truncated", "The file ends in the middle.")
    (fact,) = (await product.process(photo)).recorded
    assert fact.event == PhotoRejected(
        at=NOON,
        photo_id=photo,
        owner_id=ana,
        audience="public",
        code="truncated",
        detail="The file ends in the middle.",
    )
    assert (await seen(product, photo)).status == Status.REJECTED
    product.darkroom.outcome = DEVELOPED
    assert (await product.process(photo)).recorded == ()
    assert len(product.darkroom.asked) == 1
    with pytest.raises(NotFound):
        await removed(product, ben, photo)
    assert (await removed(product, ana, photo)).recorded


@pytest.mark.parametrize("outcome", [DEVELOPED, Spoiled("truncated", "…")], ids=["developed", "spoiled"])
async def test_what_is_removed_meanwhile_waits_until_it_is_restored(product, ana, outcome):
    photo = await product.publish(ana)
    product.darkroom.outcome = outcome
    product.darkroom.meanwhile = partial(removed, product, ana, photo)
    assert (await product.process(photo)).recorded == ()
    assert (await product.process(photo)).recorded == ()
    assert len(product.darkroom.asked) == 1  # what lies in the trash is not even begun
    product.darkroom.meanwhile = None
    await restored(product, ana, photo)
    assert (await seen(product, photo)).status == Status.PROCESSING
    assert (await product.process(photo)).state.status != Status.PROCESSING
    assert (await kinds(product, photo))[1:3] == [PhotoRemoved, PhotoRestored]


async def test_an_outcome_counts_for_the_audience_of_its_moment(product, ana):
    photo = await product.publish(ana)
    product.darkroom.meanwhile = partial(changed, product, ana, photo, audience=Audience.PRIVATE)
    (fact,) = (await product.process(photo)).recorded
    assert fact.event.audience == "private"
    assert (await seen(product, photo)).audience == Audience.PRIVATE


async def test_developing_belongs_to_the_trace_of_the_upload(product, ana):
    requested = await product.upload(ana)
    asked = Context(trace_id="trace", causation_id="", correlation_id="correlation")
    receipt = await publish_photo(
        PublishPhoto(ana, requested.upload_id),
        deps=replace(product.deps, context=lambda: asked),
        objects=product.objects,
    )
    uploaded = receipt.recorded[0]
    later_on = replace(product.deps, context=lambda: Context("a worker's own"))
    (fact,) = (await product.process(receipt.state.uploaded.photo_id, deps=later_on)).recorded
    assert (fact.trace_id, fact.correlation_id) == ("trace", "correlation")
    assert fact.causation_id == uploaded.event_id


async def test_there_is_nothing_to_develop_where_there_is_no_photo(product):
    receipt = await process_photo(ProcessPhoto(new_id(3, NOON)), deps=product.deps, darkroom=product.darkroom)
    assert (receipt.recorded, product.darkroom.asked) == ((), [])


async def test_a_darkroom_that_breaks_records_nothing_and_is_asked_again(product, ana):
    async def break_down():
        raise OSError

    photo = await product.publish(ana)
    product.darkroom.meanwhile = break_down
    with pytest.raises(OSError):
        await product.process(photo)
    assert await kinds(product, photo) == [PhotoUploaded]
    product.darkroom.meanwhile = None
    product.clock.now = later(hours=1)
    (fact,) = (await product.process(photo)).recorded
    assert fact.event.at == later(hours=1)
