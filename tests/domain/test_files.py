"""Files of photos: which of them are never shown, whatever became of their renderings."""

from dataclasses import replace

import pytest

from domain import files
from domain.events import (
    PhotoAudienceChanged,
    PhotoEdited,
    PhotoErased,
    PhotoMoved,
    PhotoPreviewed,
    PhotoRejected,
    PhotoRendered,
)
from domain.files import folder, leftovers, rendered_folder
from domain.folding import fold
from domain.ids import new_id
from domain.images import Edits, Rendition, Variant
from domain.photos import NO_PHOTO, evolve
from tests.domain.test_photos import OF, processed, removed, uploaded
from tests.given import NOON

NOW, NEXT = "photos/day/p/secret", "photos/day/p/other"


def key(edition: int, recipe: int = 1, home: str = NOW) -> str:
    return f"{home}/{rendered_folder('ab' * 32, recipe, edition)}/thumb.webp"


def rendition(*keys: str) -> Rendition:
    return Rendition(1, 4, 3, "L", "#000000", tuple(Variant("thumb", "webp", 4, 3, 1, each) for each in keys))


done = replace(processed, rendition=rendition(key(0)))
edited = PhotoEdited(at=NOON, edition=2, edits=Edits(rotate=90), **OF)
again = PhotoRendered(at=NOON, audience="public", edition=2, rendition=rendition(key(2)), likeness=None, **OF)
moved = PhotoMoved(at=NOON, moves=1, rendition=rendition(key(0, home=NEXT)), **OF)
ALL = (key(0), key(1), key(1, recipe=12), key(2), key(2, recipe=12), key(0, home=NEXT), key(2, home=NEXT))


@pytest.mark.parametrize(
    ("events", "left"),
    [
        ((), ()),
        ((PhotoPreviewed(at=NOON, rendition=rendition(key(0)), **OF),), ()),
        ((PhotoRejected(at=NOON, audience="public", code="c", detail="", **OF),), ALL),
        ((done,), ()),
        ((done, removed), ()),
        ((done, edited), (key(1), key(1, recipe=12))),
        ((done, edited, again), (key(1), key(1, recipe=12))),
        ((done, edited, again, PhotoErased(at=NOON, **OF)), ALL),
    ],
    ids=["waiting", "previewed", "rejected", "ready", "in the trash", "edited twice", "rendered", "erased"],
)
def test_what_is_shown_or_may_yet_be_stays(events, left):
    assert leftovers(fold(evolve, NO_PHOTO, (uploaded, *events)), ALL, [NOW]) == left


def test_a_photo_has_a_folder_by_date_and_id():
    photo = new_id(3, NOON, lambda _: 1)
    assert folder(photo) == f"photos/{NOON:%Y/%m/%d}/{photo}"
    assert rendered_folder("ab" * 32, 2, 0) == "abababababab-r2"


def test_a_move_leaves_all_that_lies_where_the_photo_was_before():
    photo = fold(evolve, NO_PHOTO, (uploaded, done, moved))
    assert leftovers(photo, ALL, [NOW, NEXT]) == tuple(each for each in ALL if each.startswith(f"{NOW}/"))
    assert files.moved(done.rendition, NEXT) == moved.rendition


def test_only_what_was_public_outgrows_its_keys():
    def outgrown(*events):
        return fold(evolve, NO_PHOTO, events).outgrown

    hidden = replace(uploaded, audience="friends")
    opened = PhotoAudienceChanged(at=NOON, status="ready", before="friends", audience="public", **OF)
    shut = replace(opened, before="public", audience="friends")
    assert not outgrown(uploaded, shut)
    assert not outgrown(uploaded, shut, done)
    assert not outgrown(uploaded, done)
    assert not outgrown(hidden, done, removed)
    assert not outgrown(hidden, done, opened)
    assert not outgrown(uploaded, done, removed)
    assert outgrown(uploaded, done, shut)
    assert outgrown(uploaded, done, shut, opened)
    assert not outgrown(uploaded, done, shut, moved, opened)
    assert outgrown(uploaded, done, shut, moved, opened, shut)
