"""Blurhash and dominant colour."""

from math import cos, pi

import numpy as np
import pytest

from infra.images.placeholders import blurhash, dominant_color

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"


def number(text: str) -> int:
    value = 0
    for letter in text:
        value = value * 83 + DIGITS.index(letter)
    return value


def painted(text: str, width: int, height: int) -> np.ndarray:
    """The picture that a blurhash stands for, written down plainly from the algorithm's page."""
    across, down = number(text[0]) % 9 + 1, number(text[0]) // 9 + 1
    greatest = (number(text[1]) + 1) / 166
    mean = number(text[2:6])
    colors = [[linear(mean >> shift & 255) for shift in (16, 8, 0)]]
    for at in range(1, across * down):
        steps = number(text[4 + at * 2 : 6 + at * 2])
        parts = (steps // 361, steps // 19 % 19, steps % 19)
        colors.append([(1 if part > 9 else -1) * ((part - 9) / 9) ** 2 * greatest for part in parts])
    image = np.zeros((height, width, 3))
    for y in range(height):
        for x in range(width):
            for j in range(down):
                for i in range(across):
                    basis = cos(pi * x * i / width) * cos(pi * y * j / height)
                    image[y, x] += np.array(colors[j * across + i]) * basis
    return image


def linear(value: float) -> float:
    value /= 255
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def test_a_blurhash_paints_a_blur_of_its_picture() -> None:
    rows, columns = np.mgrid[0:24, 0:32]
    pixels = np.stack([columns * 8, rows * 10, (rows + columns) * 4], axis=-1).astype(np.uint8)
    text = blurhash(pixels)
    assert len(text) == 4 + 2 * 12
    truth = np.vectorize(linear)(pixels.astype(float))
    image = painted(text, 32, 24)
    assert np.abs(image - truth).mean() < 0.04
    assert np.abs(image[:, ::-1] - truth).mean() > 0.15


def test_black_has_the_hash_that_every_encoder_gives() -> None:
    assert blurhash(np.zeros((16, 16, 3), dtype=np.uint8)) == "L00000" + "fQ" * 11


@pytest.mark.parametrize("color", [(0, 0, 0), (255, 255, 255), (18, 52, 86), (200, 3, 77)])
def test_a_blurhash_holds_the_mean_color_exactly(color) -> None:
    text = blurhash(np.full((16, 16, 3), color, dtype=np.uint8))
    assert number(text[2:6]) == color[0] << 16 | color[1] << 8 | color[2]


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 32), (32, 1), (2, 3)])
def test_the_smallest_pictures_have_one_too(width: int, height: int) -> None:
    assert len(blurhash(np.full((height, width, 3), 128, dtype=np.uint8))) == 28


def test_the_dominant_color_is_the_commonest_not_the_mean() -> None:
    pixels = np.zeros((10, 10, 3), dtype=np.uint8)
    pixels[:7] = (250, 20, 30)
    pixels[7:] = (10, 10, 240)
    assert dominant_color(pixels) == "#fa141e"
