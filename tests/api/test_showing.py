"""How photos are shown while some of what is known of them is ahead of the rest."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from api.showing.images import image
from api.showing.photos import Hydrated
from domain.ids import new_id
from domain.images import Rendition, Variant
from domain.visibility import PhotoState, Status
from projections.photos import PhotoRow

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
ANA, BEN, PHOTO = (new_id(slot, NOON) for slot in (1, 2, 3))


def variant(name: str, format_: str, width: int, height: int) -> Variant:
    return Variant(name, format_, width, height, 1000, f"photos/{name}.{format_}")


def rendition(*sizes: tuple[str, int, int]) -> Rendition:
    variants = tuple(variant(*size[:1], format_, *size[1:]) for size in sizes for format_ in ("webp", "jpeg"))
    return Rendition(1, 4000, 3000, "LEHV6n", "#7a8b99", variants)


FULL = rendition(("full", 1920, 1440), ("thumb", 150, 150), ("feed", 800, 600), ("small", 400, 300))
ROW = PhotoRow(
    photo_id=PHOTO,
    owner_id=ANA,
    caption="",
    alt_text="",
    tags=(),
    mentions=(),
    place="",
    show_location=False,
    object_key="photos/original",
    created_at=NOON,
    edited_at=None,
    rejection_code=None,
    rejection_detail=None,
    rendition=None,
    taken_at=None,
    camera=None,
    location=None,
    changed_at=NOON,
)


class Urls:
    """URLs that can be told apart."""

    def public_url(self, key: str) -> str:
        return f"public:{key}"

    def signed_url(self, key: str, expires_at: datetime) -> str:
        return f"signed:{key}"

    def expiry(self, expires_at: datetime) -> datetime:
        return expires_at


@pytest.mark.parametrize(
    ("viewer", "seen"), [(ANA, Status.PROCESSING), (BEN, None), (None, None)], ids=["owner", "stranger", "anyone"]
)
def test_a_photo_is_processing_until_its_document_tells_the_outcome(viewer, seen) -> None:
    state = PhotoState(PHOTO, ANA, Status.READY, "public")
    known = Hydrated(viewer, rows={PHOTO: ROW}, states={PHOTO: state})
    found = known.visible(PHOTO)
    assert (found and found.status) == seen
    done = Hydrated(viewer, rows={PHOTO: replace(ROW, rendition=FULL)}, states={PHOTO: state})
    assert done.visible(PHOTO) == state


def test_a_photo_without_a_document_is_not_shown() -> None:
    state = PhotoState(PHOTO, ANA, Status.READY, "public")
    assert Hydrated(ANA, states={PHOTO: state}).visible(PHOTO) is None
    assert Hydrated(ANA, rows={PHOTO: ROW}).visible(PHOTO) is None


def test_sources_go_from_narrow_to_wide_and_the_one_source_is_moderate() -> None:
    shown = image(FULL, Urls(), until=None)
    assert shown["srcset"]["jpeg"] == (
        "public:photos/thumb.jpeg 150w, public:photos/small.jpeg 400w, "
        "public:photos/feed.jpeg 800w, public:photos/full.jpeg 1920w"
    )
    assert shown["src"] == "public:photos/feed.jpeg"


def test_a_tiny_picture_has_one_source_for_each_width_and_not_the_cropped_one() -> None:
    shown = image(rendition(("thumb", 64, 48), ("small", 64, 48)), Urls(), until=NOON)
    assert shown["srcset"]["webp"] == "signed:photos/small.webp 64w"
    assert shown["src"] == "signed:photos/small.jpeg"
