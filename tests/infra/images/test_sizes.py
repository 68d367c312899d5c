"""Which sizes a picture gets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.images import DOWNLOAD, RECIPE
from infra.images.sizes import plan


def sizes(width: int, height: int) -> dict[str, tuple[int, int]]:
    return {size.name: size.final for size in plan(width, height, RECIPE) if size.name != DOWNLOAD}


def test_a_large_picture_has_every_size() -> None:
    assert sizes(4000, 3000) == {
        "thumb": (150, 150),
        "small": (400, 300),
        "medium": (640, 480),
        "feed": (800, 600),
        "large": (1080, 810),
        "full": (1920, 1440),
    }


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (700, 500, {"thumb": (150, 150), "small": (400, 286), "medium": (640, 457), "feed": (700, 500)}),
        (500, 700, {"thumb": (150, 150), "small": (286, 400), "medium": (457, 640), "feed": (500, 700)}),
        (640, 480, {"thumb": (150, 150), "small": (400, 300), "medium": (640, 480), "feed": (640, 480)}),
        (300, 100, {"thumb": (100, 100), "small": (300, 100)}),
        (120, 120, {"thumb": (120, 120), "small": (120, 120)}),
        (1, 1, {"thumb": (1, 1), "small": (1, 1)}),
    ],
)
def test_of_the_sizes_past_the_original_only_the_first_is_kept_at_its_size(width, height, expected) -> None:
    assert sizes(width, height) == expected


def test_a_picture_of_exactly_the_largest_size_has_no_size_past_it() -> None:
    assert sizes(1920, 1080)["full"] == (1920, 1080)


def test_a_line_keeps_its_one_pixel() -> None:
    assert sizes(1, 30_000) == {
        "thumb": (1, 1),
        "small": (1, 400),
        "medium": (1, 640),
        "feed": (1, 800),
        "large": (1, 1080),
        "full": (1, 1920),
    }


@given(width=st.integers(1, 30_000), height=st.integers(1, 30_000))
def test_nothing_is_ever_enlarged_or_larger_than_its_size(width: int, height: int) -> None:
    wanted = {size.name: size for size in RECIPE.sizes}
    *planned, copy = plan(width, height, RECIPE)
    assert copy.final[0] <= width
    assert copy.final[1] <= height
    assert max(copy.final) <= RECIPE.download
    assert [size.name for size in planned] == [size.name for size in RECIPE.sizes][: len(planned)]
    for size in planned:
        assert size.final[0] <= size.whole[0] <= width
        assert size.final[1] <= size.whole[1] <= height
        assert max(size.final) == min(
            wanted[size.name].pixels, min(width, height) if size.name == "thumb" else 10**6
        ) or (max(size.final) == max(width, height))
        assert abs(size.whole[0] * height - size.whole[1] * width) <= max(width, height)


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (4000, 3000, (2000, 1500)),  # half of it, as the decoder gives it
        (3024, 4032, (1512, 2016)),
        (5472, 3648, (2048, 1365)),
        (3000, 2000, (2048, 1365)),
        (1000, 500, (1000, 500)),
    ],
)
def test_the_copy_to_take_away_needs_no_larger_a_decode_than_the_largest_size(width, height, expected) -> None:
    assert plan(width, height, RECIPE)[-1].final == expected
