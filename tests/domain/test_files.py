"""Files of photos: which of them are never shown, whatever became of their renderings."""

from dataclasses import replace

import pytest

from domain.events import PhotoEdited, PhotoErased, PhotoPreviewed, PhotoRejected, PhotoRendered
from domain.files import folder, leftovers, rendered_folder
from domain.folding import fold
from domain.ids import new_id
from domain.images import Edits, Rendition, Variant
from domain.photos import NO_PHOTO, evolve
from tests.domain.test_photos import OF, processed, removed, uploaded
from tests.given import NOON


def key(edition: int, recipe: int = 1, name: str = "thumb") -> str:
    return f"photos/day/p/secret/{rendered_folder('ab' * 32, recipe, edition)}/{name}.webp"


def rendition(*keys: str) -> Rendition:
    return Rendition(1, 4, 3, "L", "#000000", tuple(Variant("thumb", "webp", 4, 3, 1, each) for each in keys))


done = replace(processed, rendition=rendition(key(0)))
edited = PhotoEdited(at=NOON, edition=2, edits=Edits(rotate=90), **OF)
again = PhotoRendered(at=NOON, audience="public", edition=2, rendition=rendition(key(2)), likeness=None, **OF)
ALL = (key(0), key(1), key(1, recipe=12), key(2), key(2, recipe=12))


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
    assert leftovers(fold(evolve, NO_PHOTO, (uploaded, *events)), ALL) == left


def test_a_photo_has_a_folder_by_date_and_id():
    photo = new_id(3, NOON, lambda _: 1)
    assert folder(photo) == f"photos/{NOON:%Y/%m/%d}/{photo}"
    assert rendered_folder("ab" * 32, 2, 0) == "abababababab-r2"
