"""Ids that were drawn twice, as two processes may within a millisecond: the first stays, the second is a conflict."""

from dataclasses import replace
from functools import partial

import pytest

from commands.comments import WriteComment, write_comment
from commands.errors import Conflict
from commands.photos import PublishPhoto, publish_photo
from commands.sessions import LogIn, log_in
from commands.uploads import RequestUpload, new_upload, request_uploads
from domain import comments, photos, sessions, uploads
from domain.events import PhotoCommented, PhotoProcessed, PhotoUploaded, SessionOpened, UploadRequested
from domain.ids import new_id
from tests.commands.product import PASSWORD


@pytest.fixture
def unlucky(product):
    """The ports of processes that draw the same bits."""
    return replace(product.deps, new_id=partial(new_id, draw=lambda below: below - 1))


async def kinds(product, stream):
    return [type(event) for event in await product.events(stream)]


async def test_no_comment_is_written_over_another(product, unlucky):
    ana, ben = await product.members("ana", "ben")
    photo = await product.photo(ana)
    write = partial(write_comment, deps=unlucky, sight=product.sight)
    comment = (await write(WriteComment(photo, ana, "first"))).state.written.comment_id
    with pytest.raises(Conflict):
        await write(WriteComment(photo, ben, "second"))
    assert await kinds(product, comments.stream(comment)) == [PhotoCommented]
    product.clock.forward(milliseconds=1)
    assert (await write(WriteComment(photo, ben, "second"))).state.text == "second"


async def test_no_session_takes_the_place_of_another(product, unlucky):
    await product.member("ana")
    ports = {"deps": unlucky, "passwords": product.passwords, "fingerprint": product.fingerprint}
    login = await log_in(LogIn("ana", PASSWORD), **ports)
    with pytest.raises(Conflict):
        await log_in(LogIn("ana", PASSWORD), **ports)
    assert await kinds(product, sessions.stream(login.session_id)) == [SessionOpened]


async def test_no_photo_takes_the_place_of_another(product, unlucky):
    ana = await product.member("ana")
    one, other = [(await product.upload(ana)).upload_id for _ in range(2)]
    publish = partial(publish_photo, deps=unlucky, objects=product.objects)
    photo = (await publish(PublishPhoto(ana, one))).state.uploaded.photo_id
    await product.process(photo)
    with pytest.raises(Conflict):
        await publish(PublishPhoto(ana, other))
    assert await kinds(product, photos.stream(photo)) == [PhotoUploaded, PhotoProcessed]
    assert await kinds(product, uploads.stream(other)) == [UploadRequested]


async def test_of_several_uploads_none_is_recorded_where_one_is_there(product, unlucky):
    ana = await product.member("ana")
    asked = RequestUpload(ana, "a.jpg", "image/jpeg", 10)
    first, again = new_upload(asked, deps=unlucky), new_upload(asked, deps=unlucky)
    assert first.upload_id == again.upload_id
    await request_uploads([first], deps=product.deps)
    other = new_upload(asked, deps=product.deps)
    with pytest.raises(Conflict):
        await request_uploads([other, again], deps=product.deps)
    assert await product.events(uploads.stream(first.upload_id)) == [first]
    assert await product.events(uploads.stream(other.upload_id)) == []


async def test_a_batch_of_uploads_never_meets_itself(product):
    ana = await product.member("ana")
    drawing = replace(product.deps, new_id=new_id)
    for _ in range(5):
        many = [new_upload(RequestUpload(ana, f"{n}.jpg", "image/jpeg", 10), deps=drawing) for n in range(50)]
        assert len((await request_uploads(many, deps=drawing)).recorded) == 50
        product.clock.forward(milliseconds=1)
