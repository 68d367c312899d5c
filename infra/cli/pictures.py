"""Pictures for the demo: landscapes drawn by a formula, so that the repository holds none and each has its rights."""

import math
from datetime import datetime
from typing import Any, Final

import numpy as np
import pyvips
from numpy.typing import NDArray

_WIDTH: Final = 1600
_HEIGHT: Final = 1067
_RIDGES: Final = 5

Plane = NDArray[np.float64]


def landscape(seed: int, taken_at: datetime) -> bytes:
    """A JPEG of hills under a sky; the same seed draws the same one. Its EXIF says when it was `taken`."""
    draw = np.random.default_rng(seed)
    upright = seed % 4 == 3  # noqa: PLR2004 - every fourth is a portrait
    width, height = (_HEIGHT, _WIDTH) if upright else (_WIDTH, _HEIGHT)
    picture = _sky(draw, width, height)
    hue = draw.uniform(0.0, 0.35, size=3)
    for ridge in range(_RIDGES):
        near = (ridge + 1) / _RIDGES
        line = _ridge(draw, width, height, near)
        inside = np.arange(height)[:, None] > line[None, :]
        haze = picture[int(height * 0.55), :, :].mean(axis=0)
        picture[inside] = haze * (1 - near) * 0.8 + hue * near * 160 * (0.4 + 0.6 * (1 - near))
    grain = draw.normal(0, 2.2, size=(height, width, 1))
    return _jpeg(np.clip(picture + grain, 0, 255).astype(np.uint8), taken_at)


def _sky(draw: np.random.Generator, width: int, height: int) -> Plane:
    above, below = draw.uniform(30, 170, size=3) + np.array([0, 10, 60]), draw.uniform(150, 255, size=3)
    depth = np.linspace(0, 1, height)[:, None, None] ** 0.8
    sky = np.asarray(above * (1 - depth) + below * depth)
    picture = np.broadcast_to(sky, (height, width, 3)).copy()
    across, down = draw.uniform(0.2, 0.8) * width, draw.uniform(0.15, 0.45) * height
    rows, columns = np.ogrid[:height, :width]
    distance = np.sqrt((columns - across) ** 2 + (rows - down) ** 2)
    glow = np.exp(-distance / (0.12 * width))[..., None] * 90 + (distance < 0.03 * width)[..., None] * 80
    return np.asarray(picture + glow)


def _ridge(draw: np.random.Generator, width: int, height: int, near: float) -> Plane:
    across = np.linspace(0, 2 * math.pi, width)
    waves = sum(
        draw.uniform(0.3, 1) / octave * np.sin(octave * across * draw.uniform(0.5, 1.5) + draw.uniform(0, 6.3))
        for octave in (1, 2, 4, 8, 16, 32)
    )
    return np.asarray(height * (0.42 + 0.48 * near) + waves * height * 0.05 * (1.3 - near))


def _jpeg(pixels: NDArray[np.uint8], taken_at: datetime) -> bytes:
    height, width, _ = pixels.shape
    image: Any = pyvips.Image.new_from_memory(pixels.tobytes(), width, height, 3, "uchar")
    image = image.copy(interpretation="srgb")
    for name, value in {
        "exif-ifd0-Make": "filmroll",
        "exif-ifd0-Model": "demo",
        "exif-ifd2-DateTimeOriginal": f"{taken_at:%Y:%m:%d %H:%M:%S}",
    }.items():
        image.set_type(pyvips.GValue.gstr_type, name, value)
    return bytes(image.jpegsave_buffer(Q=90))
