"""The life of a photo: published once, developed once, removed and restored."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain import photos, uploads
from domain.errors import Contradicted, Forbidden, Invalid, NotFound, TooLarge, Unsupported
from domain.events import (
    PhotoAudienceChanged,
    PhotoPreviewed,
    PhotoProcessed,
    PhotoPruned,
    PhotoRejected,
    PhotoRemoved,
    PhotoRestored,
    PhotoUploaded,
    UploadRequested,
    UploadUsed,
)
from domain.images import MAX_UPLOAD_BYTES, Rendition, Variant
from domain.photos import NO_PHOTO, evolve
from domain.visibility import Audience
from tests.given import ANA, BEN, NOON, Given, later

RENDITION = Rendition(recipe=1, width=4, height=3, blurhash="L", dominant_color="#000000", variants=())
FACTS = {
    "sha256": "0" * 64,
    "rendition": RENDITION,
    "taken_at": None,
    "camera": None,
    "location": None,
    "likeness": None,
}
OF = {"photo_id": "p", "owner_id": ANA}
uploaded = PhotoUploaded(
    at=NOON,
    upload_id="u",
    object_key="k",
    content_type="image/jpeg",
    size=10,
    sha256=None,
    filename="a.jpg",
    caption="c",
    alt_text="",
    tags=(),
    mentions=(),
    audience="public",
    place="",
    show_location=False,
    **OF,
)
processed = PhotoProcessed(at=NOON, audience="public", **FACTS, **OF)
removed = PhotoRemoved(at=NOON, status="ready", audience="public", **OF)
requested = UploadRequested(
    at=NOON,
    upload_id="u",
    member_id=ANA,
    filename="a.jpg",
    content_type="image/jpeg",
    size=10,
    sha256=None,
    object_key="k",
    expires_at=NOON,
)


def given(*events):
    return Given(evolve, NO_PHOTO, events)


def test_an_upload_is_its_members_own():
    upload = Given(uploads.evolve, uploads.NO_UPLOAD, (requested,))
    upload.when(uploads.use, ANA, "p", NOON).then(UploadUsed(at=NOON, upload_id="u", member_id=ANA, photo_id="p"))
    upload.when(uploads.use, BEN, "p", NOON).then_refused("upload_not_found", NotFound)


def test_a_photo_is_developed_once():
    ready = given(uploaded).when(photos.finish, at=NOON, **FACTS).then(processed)
    ready.when(photos.finish, at=NOON, **FACTS).then_nothing()
    ready.when(photos.reject, "truncated", "…", NOON).then_nothing()


def test_a_rejected_photo_stays_rejected():
    no = PhotoRejected(at=NOON, audience="public", code="truncated", detail="…", **OF)
    given(uploaded).when(photos.reject, "truncated", "…", NOON).then(no).when(
        photos.finish, at=NOON, **FACTS
    ).then_nothing()


def test_what_was_removed_while_it_was_developed_waits_until_it_is_restored():
    gone = (
        given(uploaded)
        .when(photos.remove, NOON)
        .then(PhotoRemoved(at=NOON, status="processing", audience="public", **OF))
    )
    gone.when(photos.finish, at=NOON, **FACTS).then_nothing()
    back = gone.when(photos.restore, NOON).then(PhotoRestored(at=NOON, status="processing", audience="public", **OF))
    back.when(photos.finish, at=NOON, **FACTS).then(processed)


def test_the_trash_keeps_for_thirty_days():
    gone = given(uploaded, processed).when(photos.remove, NOON).then(removed)
    gone.when(photos.remove, NOON).then_nothing()
    soon = later(days=30)
    gone.when(photos.restore, soon).then(PhotoRestored(at=soon, status="ready", audience="public", **OF))
    gone.when(photos.restore, soon + timedelta(seconds=1)).then_refused("trash_expired", Contradicted)
    given(uploaded).when(photos.restore, NOON).then_nothing()


def test_an_audience_changes_once_and_not_in_the_trash():
    change = PhotoAudienceChanged(at=NOON, status="ready", before="public", audience="friends", **OF)
    ready = given(uploaded, processed)
    ready.when(photos.change_audience, Audience.FRIENDS, NOON).then(change)
    ready.when(photos.change_audience, Audience.PUBLIC, NOON).then_nothing()
    given(uploaded, removed).when(photos.change_audience, Audience.FRIENDS, NOON).then_refused(
        "photo_not_found", NotFound
    )


def test_only_the_owner_owns_it():
    with pytest.raises(Forbidden):
        photos.owned_by(given(uploaded).state, BEN)
    assert photos.owned_by(given(uploaded).state, ANA) == uploaded


@pytest.mark.parametrize(
    ("content_type", "size", "refusal"),
    [
        ("image/svg+xml", 10, Unsupported),
        ("text/plain", 10, Unsupported),
        ("image/jpeg", MAX_UPLOAD_BYTES + 1, TooLarge),
        ("image/jpeg", 0, Invalid),
        ("image/jpeg", -1, Invalid),
    ],
)
def test_what_can_never_become_a_photo_is_refused_before_a_byte_is_sent(content_type, size, refusal):
    with pytest.raises(refusal):
        uploads.check_file(content_type, size)


def test_what_a_preview_by_another_recipe_left_is_on_record_until_it_is_pruned():
    def by(recipe):
        return replace(RENDITION, recipe=recipe, variants=(Variant("thumb", "jpeg", 4, 3, 9, f"r{recipe}/thumb"),))

    previewed = PhotoPreviewed(at=NOON, rendition=by(1), **OF)
    done = PhotoProcessed(at=NOON, audience="public", **{**FACTS, "rendition": by(2)}, **OF)
    given(uploaded, previewed, done).when(photos.prune, ("r1/thumb",), NOON).then(PhotoPruned(at=NOON, files=1, **OF))
    same = replace(done, rendition=by(1))
    given(uploaded, previewed, same).when(photos.prune, ("r1/thumb",), NOON).then_nothing()
