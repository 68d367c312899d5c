"""Resizing: both ways agree, and neither lets the colour of what can't be seen through."""

import numpy as np
import pytest
from PIL import Image

from infra.images import resizing
from infra.images.resizing import resized, within


@pytest.fixture(params=["vectors", "pillow"])
def way(request, monkeypatch):
    if request.param == "pillow":
        monkeypatch.setattr(resizing, "_FAST", None)
    return request.param


def picture(mode, size):
    image = Image.effect_noise((40, 30), 25).resize(size, Image.Resampling.BICUBIC)
    return Image.merge(mode, [image.rotate(90 * at).resize(size) for at in range(len(mode))])


@pytest.mark.parametrize("size", [(300, 225), (150, 113), (37, 200), (1, 1)])
def test_it_is_pillows_lanczos(way, size):
    image = picture("RGB", (400, 300))
    expected = np.asarray(image.resize(size, Image.Resampling.LANCZOS)).astype(int)
    found = resized(image, size)
    assert found.mode == "RGB"
    assert np.abs(np.asarray(found).astype(int) - expected).max() <= 2  # of 255: rounding


def test_what_is_transparent_lends_no_colour(way):
    image = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (0, 0, 32, 64))
    pixels = np.asarray(resized(image, (20, 20))).astype(int)
    seen = pixels[pixels[..., 3] > 20]
    assert len(seen) >= 200
    assert seen[:, 0].max() <= 12
    assert seen[:, 2].min() >= 243


def test_the_longer_side_is_held_and_nothing_grows(way):
    assert within(picture("RGB", (400, 300)), 32).size == (32, 24)
    assert within(picture("RGB", (3, 900)), 30).size == (1, 30)
    assert within(picture("RGB", (20, 10)), 32).size == (20, 10)
