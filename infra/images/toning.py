"""Edits of a picture: cut, turned, and toned by one of the named filters, each a few numbers."""

from dataclasses import dataclass
from typing import Any, Final

from domain.images import Edits, Filter

_Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]

_SAME: Final[_Matrix] = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
_TURNS: Final = {90: "d90", 180: "d180", 270: "d270"}


def _saturated(by: float) -> _Matrix:
    """How far colours lie from grey, times `by` (ITU-R BT.709 weights)."""
    weights = (0.2126, 0.7152, 0.0722)

    def row(own: int) -> tuple[float, float, float]:
        red, green, blue = ((1 - by) * weight + (by if at == own else 0) for at, weight in enumerate(weights))
        return red, green, blue

    return row(0), row(1), row(2)


_GREY: Final = _saturated(0)
_SEPIA: Final[_Matrix] = ((0.393, 0.769, 0.189), (0.349, 0.686, 0.168), (0.272, 0.534, 0.131))


@dataclass(frozen=True, slots=True)
class Tone:
    """Colours mixed by a matrix, then scaled around the middle grey and shifted, channel by channel."""

    mix: _Matrix = _SAME
    contrast: float = 1.0
    shift: tuple[float, float, float] = (0, 0, 0)
    sharpen: bool = False


TONES: Final = {
    Filter.MONO: Tone(_GREY),
    Filter.NOIR: Tone(_GREY, 1.45, (-12, -12, -12)),
    Filter.SEPIA: Tone(_SEPIA),
    Filter.WARM: Tone(shift=(14, 4, -14)),
    Filter.COOL: Tone(shift=(-12, 2, 14)),
    Filter.VIVID: Tone(_saturated(1.4), 1.08),
    Filter.FADE: Tone(_saturated(0.8), 0.8, (14, 14, 16)),
    Filter.DRAMA: Tone(_saturated(1.1), 1.35),
    Filter.BRIGHT: Tone(shift=(22, 22, 22)),
    Filter.DUSK: Tone(_saturated(0.85), 1.1, (-8, -16, 6)),
    Filter.VINTAGE: Tone(_saturated(0.6), 0.9, (18, 8, -10)),
    Filter.SHARP: Tone(sharpen=True),
}
_MIDDLE: Final = 127.5


def edited(image: Any, edits: Edits, corner: tuple[int, int], size: tuple[int, int]) -> Any:
    """The part of a picture at that corner, of that size, turned clockwise and toned; in memory."""
    if size != (image.width, image.height):
        image = image.crop(*corner, *size)
    if edits.rotate:
        image = image.rot(_TURNS[edits.rotate])
    if edits.filter is not None:
        image = _toned(image, TONES[Filter(edits.filter)])
    return image.copy_memory()


def _toned(image: Any, tone: Tone) -> Any:
    alpha = image[3] if image.hasalpha() else None
    colors = image[:3] if alpha is not None else image
    if tone.sharpen:
        colors = colors.sharpen()
    else:
        if tone.mix is not _SAME:
            colors = colors.recomb(list(map(list, tone.mix)))
        offsets = [_MIDDLE * (1 - tone.contrast) + shift for shift in tone.shift]
        colors = colors.linear([tone.contrast] * 3, offsets).cast("uchar")
    colors = colors.copy(interpretation="srgb")
    return colors if alpha is None else colors.bandjoin(alpha)
