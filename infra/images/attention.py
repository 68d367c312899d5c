"""Where the eye goes: the part of a picture that a square cut out of it should hold.

After libvips' `smartcrop` (https://github.com/libvips/libvips/blob/master/libvips/conversion/smartcrop.c): edges, colours
of skin and saturated colours draw the eye; the strongest place of their blurred sum is put into the middle. On 32 pixels
in numpy it takes a tenth of the time.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SKIN: Final = np.array([0.78, 0.57, 0.44])
_SKIN_NEAR: Final = 0.35
_DARK: Final = 13.0
_SPREAD: Final = 10.0


def place(pixels: NDArray[np.uint8], whole: tuple[int, int], cut: tuple[int, int]) -> tuple[int, int]:
    """The left upper corner of a cut of that size out of a picture of that whole size, of which these pixels are a small copy."""
    height, width, _ = pixels.shape
    score = _blurred(_score(pixels.astype(np.float64)), max(cut[0] * width / whole[0], cut[1] * height / whole[1]))
    down, across = np.unravel_index(int(score.argmax()), score.shape)
    x, y = (across + 0.5) * whole[0] / width, (down + 0.5) * whole[1] / height
    return _within(x, cut[0], whole[0]), _within(y, cut[1], whole[1])


def _within(middle: Any, cut: int, whole: int) -> int:
    return int(min(max(round(float(middle) - cut / 2), 0), whole - cut))


def _score(pixels: Floats) -> Floats:
    light = pixels @ np.array([0.2126, 0.7152, 0.0722])
    ringed = np.pad(light, 1, mode="edge")
    edges = np.abs(4 * light - ringed[:-2, 1:-1] - ringed[2:, 1:-1] - ringed[1:-1, :-2] - ringed[1:-1, 2:])
    length = np.maximum(np.linalg.norm(pixels, axis=2, keepdims=True), 1)
    near = np.linalg.norm(pixels / length - _SKIN / np.linalg.norm(_SKIN), axis=2)
    skin = np.where(light > _DARK, np.maximum(1 - near / _SKIN_NEAR, 0) * 100, 0)
    saturation = np.where(light > _DARK, (pixels.max(axis=2) - pixels.min(axis=2)) / 2, 0)
    return np.asarray(edges * 5 + skin + saturation, np.float64)


def _blurred(score: Floats, size: float) -> Floats:
    """Blurred by a Gaussian as wide as a tenth of the cut's diagonal."""
    sigma = max(size * 2**0.5 / _SPREAD, 0.5)
    reach = int(3 * sigma) + 1
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        padded = np.pad(score, [(reach, reach) if at == axis else (0, 0) for at in (0, 1)], mode="edge")
        score = np.apply_along_axis(np.convolve, axis, padded, kernel, mode="valid")
    return score
