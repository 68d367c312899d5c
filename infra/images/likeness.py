"""What pictures are compared by: a perceptual hash for copies of one picture, a descriptor for pictures that look alike.

The hash is the DCT hash of C. Zauner, "Implementation and benchmarking of perceptual image hash functions" (2010,
https://phash.org/docs/pubs/thesis_zauner.pdf): 64 low frequencies of the lightness, each a bit: above the median or not.

The descriptor joins two of MPEG-7 (ISO/IEC 15938-3; B. S. Manjunath and others, "Color and texture descriptors", IEEE
Transactions on Circuits and Systems for Video Technology 11, 2001, https://doi.org/10.1109/76.927424): the colour layout
(24 numbers: low frequencies of an 8 × 8 icon in YCbCr) and the edge histogram (40 numbers: how much of five directions of
edges lies in each of eight parts of the picture), so it says where which colours are and what texture they have.
"""

from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from domain.images import Likeness

SIDE: Final = 64
"""Pixels of the square that both are computed from, whatever shape the picture has."""
_PLAIN: Final = 3.0
"""A picture whose lightness varies less (standard deviation, of 255) has no hash that would tell it from others."""
_EDGE: Final = 11.0
"""Blocks of weaker edges count as smooth (the standard's own threshold)."""
_ICON: Final = 8
_KEPT: Final = {"y": 12, "cb": 6, "cr": 6}
_WEIGHT: Final = 160.0
"""Of the edge histogram, so that it and the colour layout count about alike."""

Floats = NDArray[np.float64]

_YCBCR: Final = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
_ROOT: Final = 2**0.5
_FILTERS: Final = np.array(
    [
        [1, -1, 1, -1],  # vertical
        [1, 1, -1, -1],  # horizontal
        [_ROOT, 0, 0, -_ROOT],  # falling
        [0, _ROOT, -_ROOT, 0],  # rising
        [2, -2, -2, 2],  # of no direction
    ]
)


def likeness(pixels: NDArray[np.uint8]) -> Likeness:
    """Both, of 64 × 64 RGB pixels."""
    planes = np.einsum("kc,hwc->khw", _YCBCR, pixels.astype(np.float64))
    return Likeness(_hash(planes[0]), _descriptor(planes))


def _hash(light: Floats) -> str:
    if light.std() < _PLAIN:
        return ""
    half = _blocks(light, 2).mean(axis=-1)
    low = (_dct(len(half)) @ half @ _dct(len(half)).T)[:_ICON, :_ICON].reshape(-1)
    bits = low > np.median(low[1:])
    return f"{int(''.join('1' if bit else '0' for bit in bits), 2):016x}"


def _descriptor(planes: Floats) -> tuple[int, ...]:
    icons = planes.reshape(3, _ICON, SIDE // _ICON, _ICON, SIDE // _ICON).mean(axis=(2, 4))
    icons[0] -= 128
    dct = _dct(_ICON)
    layout = [(dct @ icon @ dct.T)[_zigzag()][:kept] / _ICON for icon, kept in zip(icons, _KEPT.values(), strict=True)]
    layout[1] *= 2  # colours vary less than lightness
    layout[2] *= 2
    joined = np.concatenate([*layout, _edges(planes[0])])
    numbers = np.clip(np.rint(joined), -127, 127).astype(int).tolist()
    return tuple(numbers) if any(numbers) else (1, *numbers[1:])  # an angle needs a direction


def _edges(light: Floats) -> Floats:
    """The share of each direction's edges in each of 2 × 4 parts, in blocks of 2 × 2 pixels."""
    strengths = np.abs(_blocks(light, 2) @ _FILTERS.T)
    strongest = strengths.argmax(axis=-1)
    strongest[strengths.max(axis=-1) < _EDGE] = len(_FILTERS)
    half = SIDE // 2
    parts = strongest.reshape(2, half // 2, 4, half // 4)
    counts = (parts[..., None] == np.arange(len(_FILTERS))).mean(axis=(1, 3))
    return np.asarray(counts.reshape(-1) * _WEIGHT, np.float64)


def _blocks(plane: Floats, side: int) -> Floats:
    """A plane as rows of blocks, each block flat."""
    height, width = plane.shape
    cut = plane.reshape(height // side, side, width // side, side).swapaxes(1, 2)
    return cut.reshape(height // side, width // side, side * side)


@cache
def _dct(size: int) -> Floats:
    """The orthonormal DCT-II as a matrix."""
    rows, columns = np.arange(size)[:, None], np.arange(size)[None, :]
    matrix = np.cos(np.pi * (2 * columns + 1) * rows / (2 * size)) * (2 / size) ** 0.5
    matrix[0] /= _ROOT
    return np.asarray(matrix, np.float64)


@cache
def _zigzag() -> Any:
    """The places of an 8 × 8 transform, the lowest frequencies first (ISO/IEC 10918-1, figure A.6)."""
    places = [(row, column) for row in range(_ICON) for column in range(_ICON)]
    order = sorted(places, key=lambda at: (sum(at), at[0] if sum(at) % 2 else at[1]))
    return tuple(np.array(order).T)
