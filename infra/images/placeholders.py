"""What stands in for a picture while it loads: a blurhash and its dominant colour."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

LONGEST: Final = 32  # pixels of the longer side that both are computed from; more would change neither
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
_STEP: Final = 32  # colours fall into 8 × 8 × 8 boxes


def blurhash(pixels: NDArray[np.uint8], across: int = 4, down: int = 3) -> str:
    """The blurhash of rows of RGB pixels, with 4 × 3 components unless told.

    The algorithm and its base 83 text are those of https://github.com/woltapp/blurhash/blob/master/Algorithm.md: the
    lowest frequencies of a cosine transform in linear light.
    """
    height, width, _ = pixels.shape
    linear = _linear(pixels)
    x = np.cos(np.pi * np.outer(np.arange(across), np.arange(width) / width))
    y = np.cos(np.pi * np.outer(np.arange(down), np.arange(height) / height))
    factors = np.einsum("jh,iw,hwc->jic", y, x, linear) / (width * height) * 2
    factors[0, 0] /= 2
    constant, others = factors[0, 0], factors.reshape(-1, 3)[1:]
    greatest = float(np.abs(others).max(initial=0.0))
    quantised = int(np.clip(np.floor(greatest * 166 - 0.5), 0, 82))
    scale = (quantised + 1) / 166 if others.size else 1.0
    steps = np.clip(np.floor(np.sign(others) * np.sqrt(np.abs(others) / scale) * 9 + 9.5), 0, 18).astype(int)
    red, green, blue = _stored(constant)
    return (
        _base83(across - 1 + (down - 1) * 9, 1)
        + _base83(quantised, 1)
        + _base83(red << 16 | green << 8 | blue, 4)
        + "".join(_base83(int(r) * 361 + int(g) * 19 + int(b), 2) for r, g, b in steps)
    )


def dominant_color(pixels: NDArray[np.uint8]) -> str:
    """The mean of the most common box of similar colours, as `#rrggbb`."""
    colors = pixels.reshape(-1, 3)
    boxes = (colors // _STEP).astype(np.int64) @ np.array([64, 8, 1])
    fullest = colors[boxes == np.bincount(boxes).argmax()]
    red, green, blue = np.rint(fullest.mean(axis=0)).astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"


def _linear(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Linear light from sRGB (IEC 61966-2-1)."""
    value = pixels.astype(np.float64) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004


def _stored(linear: NDArray[Any]) -> tuple[int, int, int]:
    """Linear light to 8-bit sRGB."""
    value = np.clip(linear, 0, 1)
    stored = np.where(value <= 0.0031308, value * 12.92, 1.055 * value ** (1 / 2.4) - 0.055)  # noqa: PLR2004
    red, green, blue = (int(channel * 255 + 0.5) for channel in stored)
    return red, green, blue


def _base83(value: int, length: int) -> str:
    return "".join(_DIGITS[value // 83**place % 83] for place in range(length - 1, -1, -1))
